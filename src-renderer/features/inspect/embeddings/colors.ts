/** A colour for each group, by the golden angle, so that neighbours in the list look different. */
export const groupColors = (count: number) =>
  Array.from({ length: count }, (_, i) => `hsl(${Math.round((i * 137.508) % 360)} 62% ${i % 2 ? 42 : 55}%)`)
