import path from 'node:path'
import { rendererFolder } from '#platform/paths'
import type { Services } from './backend'

/** What the pages may load: their own scripts, styles, fonts and images, and nothing from elsewhere. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  // Vuetify sets its theme and its transitions by style elements and attributes.
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const contentTypes: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
}

/**
 * The file that the path of an address stands for, of the renderer or of the services; null where there is none. Which of both
 * is said by the path as it came, which whoever guards the files has looked at.
 */
export async function fileFor(services: Services, pathname: string): Promise<string | null> {
  const name = decoded(pathname.slice(1))
  if (name === null) return null
  return pathname.startsWith(files) ? services.file(name.slice(files.length - 1)) : rendererFile(name)
}
const files = '/files/'

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}

/** The built file of the renderer for an address, or null where it would lie outside of the renderer. */
function rendererFile(name: string): string | null {
  const file = path.resolve(rendererFolder(), name || 'index.html')
  return file.startsWith(rendererFolder() + path.sep) ? file : null
}
