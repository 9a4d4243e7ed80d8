/** As many colours as groups, evenly around the circle; neighbours in the list lie far apart on it. */
export const groupColors = (count: number) =>
  Array.from({ length: count }, (_, i) => `hsl(${Math.round((i * 137.508) % 360)} 62% ${i % 2 ? 42 : 55}%)`)
