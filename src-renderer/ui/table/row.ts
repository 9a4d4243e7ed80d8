import { mdiDotsHorizontal } from '@mdi/js'
import { defineComponent, h, type VNodeChild } from 'vue'
import type { Column } from './table'

interface Row {
  id: string
}
interface Props {
  row: Row
  columns: Column<Row>[]
  /** What is drawn in cells, by `cell-` and the key of the column. */
  cells: Record<string, ((of: { row: Row }) => VNodeChild) | undefined>
  /** The best values, by column. */
  best: Map<string, number>
  title: string
  href: string
  height: number
  /** Its place among the lines of the table. */
  place: number
  selectable: boolean
  selected: boolean
  /** Whether Tab reaches it. */
  tabbed: boolean
  movable: boolean
  /** Whether a row is dragged above it. */
  over: boolean
  hasMenu: boolean
}

const names: (keyof Props)[] = [
  ...(['row', 'columns', 'cells', 'best', 'title', 'href', 'height', 'place'] as const),
  ...(['selectable', 'selected', 'tabbed', 'movable', 'over', 'hasMenu'] as const),
]

function textOf({ value, text }: Column<Row>, row: Row): string {
  const found = value(row)
  return found === null ? '–' : (text?.(row) ?? String(found))
}

/**
 * A row of a DataTable: only rows that changed are drawn anew. It is written without a template, since a long table that is
 * scrolled fills hundreds of cells in a frame; the table listens for all of its rows.
 */
export const TableRow = defineComponent(
  (props: Props) => () => {
    const { row, columns, cells, best, selectable, selected, hasMenu, over } = props
    const tabindex = props.tabbed ? 0 : -1
    const drawn: VNodeChild[] = columns.map((column, i) => {
      const { key, numeric, muted } = column
      const cell = cells[`cell-${key}`]
      if (i === 0)
        return h('th', { scope: 'row' }, [
          h('span', { class: 'first' }, [
            cell?.({ row }),
            h('a', { href: props.href, class: 'cut', tabindex }, props.title),
            cells[`cell-${key}-after`]?.({ row }),
          ]),
        ])
      const isBest = best.has(key) && best.get(key) === column.value(row)
      return h(
        'td',
        { class: { num: numeric, muted, best: isBest } },
        (cell ? cell({ row }) : textOf(column, row)) as string,
      )
    })
    if (selectable)
      drawn.unshift(
        h('td', [
          h('input', {
            type: 'checkbox',
            class: 'check',
            checked: selected,
            tabindex,
            'aria-label': `Select ${props.title}`,
          }),
        ]),
      )
    if (hasMenu)
      drawn.push(
        h('td', { class: 'acts' }, [
          h(
            'button',
            {
              type: 'button',
              class: 'more',
              tabindex,
              title: 'More',
              'aria-label': `More for ${props.title}`,
              'aria-haspopup': 'menu',
            },
            [
              h('svg', { viewBox: '0 0 24 24', width: 16, height: 16, 'aria-hidden': true }, [
                h('path', { d: mdiDotsHorizontal }),
              ]),
            ],
          ),
        ]),
      )
    return h(
      'tr',
      {
        'data-row': row.id,
        'aria-rowindex': props.place,
        class: { on: selected, over },
        style: { height: `${props.height}px` },
        draggable: props.movable,
      },
      drawn,
    )
  },
  {
    name: 'TableRow',
    props: names,
  },
)
