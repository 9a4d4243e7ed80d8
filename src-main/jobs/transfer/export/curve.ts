/** A line of a picture: its name, its colour and its values, null where there is none. */
export interface Curve {
  name: string
  color: string
  values: (number | null)[]
}

/** Curves over steps or epochs `x` as a picture, SVG. */
export function curvePicture(x: number[], unit: 'step' | 'epoch', curves: Curve[]): string {
  const [width, height, margin] = [640, 240, 60]
  const known = curves.flatMap(({ values }) => values.filter((value) => value !== null))
  const [low, high] = known.reduce(([low, high], y) => [Math.min(low, y), Math.max(high, y)], [
    Infinity,
    -Infinity,
  ] as [number, number])
  const [first, last] = [x[0]!, x.at(-1)!]
  const left = (at: number) => margin + ((width - margin - 8) * (at - first)) / Math.max(last - first, 1)
  const top = (y: number) => 24 + ((height - 56) * (high - y)) / (high - low || 1)
  const label = (text: string, at: [number, number], anchor: string, color = '#555') =>
    `<text x="${at[0]}" y="${at[1]}" text-anchor="${anchor}" fill="${color}">${text}</text>`
  const line = ({ color, values }: Curve) => {
    const points = values.flatMap((y, i) =>
      y === null ? [] : `${left(x[i]!).toFixed(1)},${top(y).toFixed(1)}`,
    )
    return `<polyline points="${points.join(' ')}" fill="none" stroke="${color}" stroke-width="1.5"/>`
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">
<rect width="${width}" height="${height}" fill="#fff"/>
<path d="M${margin} 20V${top(low)}H${width - 8}" fill="none" stroke="#bbb"/>
${curves.map(line).join('\n')}
${curves.map(({ name, color }, i) => label(name, [margin + 8 + 140 * i, 14], 'start', color)).join('\n')}
${label(short(high), [margin - 5, top(high) + 6], 'end')}
${label(short(low), [margin - 5, top(low)], 'end')}
${label(`${unit} ${first}`, [margin, height - 10], 'start')}
${label(`${unit} ${last}`, [width - 8, height - 10], 'end')}
</svg>
`
}

const short = (value: number) =>
  value !== 0 && Math.abs(value) < 0.01 ? value.toExponential(1) : value.toFixed(3)
