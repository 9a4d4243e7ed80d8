import { app, type ProtocolResponse } from 'electron'
import { get } from 'node:http'
import { environment } from '#platform/environment'

/** Where `npm run dev` serves the pages that are worked on; never asked in a packaged application. */
export const devServer = app.isPackaged ? undefined : environment.devServer()

/** A file of the dev server for the path and query of an address, without the policy of what pages may load. */
export const fromDevServer = (address: string) =>
  new Promise<ProtocolResponse>((resolve) =>
    get(`${devServer}${address}`, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({
          statusCode: response.statusCode,
          mimeType: response.headers['content-type']?.split(';')[0],
          data: Buffer.concat(chunks),
        }),
      )
    }).on('error', (error) => resolve({ statusCode: 502, data: Buffer.from(error.message) })),
  )
