import { key } from './keyboard/key'

/** The address of an image that the backend serves, by the path that it gave. */
export const fileUrl = (path: string) => (key ? `/files/${key.split('.')[1]}/${path}` : `/files/${path}`)
