/** The pictures that a file of reconstructions holds side by side. */
export const panels = ['original', 'target', 'prediction', 'error'] as const
export type Panel = (typeof panels)[number]

/** Shows one of them of such a file, in the place of an image. */
export const panelStyle = (panel: Panel) => ({
  objectFit: 'cover' as const,
  objectPosition: `${(100 * panels.indexOf(panel)) / (panels.length - 1)}% 0`,
})
