import type { Page } from 'playwright-core'

/** Sizes of type with their line heights, in pixels: the six of src-renderer/shell/style/style.css. */
const scale = ['12/16', '13/20', '14/20', '16/24', '20/28', '28/36']

/** Every text that a page shows, as `13/20: the text`. */
const texts = `Array.from(document.querySelectorAll('body *'))
  .filter((element) => element.checkVisibility())
  .filter(({ childNodes }) => Array.from(childNodes).some((node) => node.nodeType === 3 && node.textContent.trim()))
  .map((element) => {
    const { fontSize, lineHeight } = getComputedStyle(element)
    return parseFloat(fontSize) + '/' + parseFloat(lineHeight) + ': ' + element.textContent.trim()
  })`

/** What a page shows of text in a size that the scale lacks. */
export async function strangeSizes(page: Page): Promise<string[]> {
  const shown = await page.evaluate<string[]>(texts)
  return shown.filter((text) => !scale.some((size) => text.startsWith(`${size}: `)))
}
