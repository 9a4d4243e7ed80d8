/** The address of an image that the backend serves, by the path that it gave. */
export const fileUrl = (path: string) => `/files/${path}`
