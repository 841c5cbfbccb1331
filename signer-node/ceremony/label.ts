// The label of a Seal medium: whose it is, of which Station, and which of the two copies. It lies
// there as `label.json`, beside the paper label that people see, so that a Station refuses the
// medium of another party. It guards against mistakes; against a liar the Seals do, whose
// contexts name the party too.
// Source: the ceremony's design, 4.10 and 4.12. Opens no file.
import { colors } from '../../policy/ceremony/plan.ts'
import { encode, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { handle, integer, literal, object, type Shaped } from '../../proto/shape.ts'

const shape = object({
  format: literal('custody-label/v1'),
  org: handle,
  env: literal('prod', 'test', 'dev'),
  /** The log of its vaults. */
  origin: handle,
  node: handle,
  x: integer(1, limits.nodesMax),
  color: literal(...colors),
  medium: literal('a', 'b'),
})

export type Label = Omit<Shaped<typeof shape>, 'format'>

export function parseLabel(bytes: Uint8Array): Label {
  const { format: _, ...label } = shape(parse(bytes), 'label')
  return label
}

export function writeLabel({ org, env, origin, node, x, color, medium }: Label): Uint8Array {
  const whose = { org, env, origin, node, x, color, medium }
  return encode({ format: 'custody-label/v1', ...whose })
}

/** `red 1` */
export function labelText({ color, x }: Pick<Label, 'color' | 'x'>): string {
  return `${color} ${x}`
}

const fields = ['org', 'env', 'origin', 'node', 'x', 'color', 'medium'] as const

/** the medium that is here is this Station's, in all that is expected of it. */
export function requireLabel(label: Label, station: Partial<Label>): void {
  for (const field of fields) {
    if (station[field] === undefined || label[field] === station[field]) continue
    const got = `${label[field]} (${labelText(label)}, ${label.node})`
    refuse('TOKEN_WRONG', `medium: expected ${field} ${station[field]}, got ${got}`, 'X-18')
  }
}

const tokenForm = /^([a-z]+) ([0-9]{1,2})(?: |$)/

/** a token may be called anything, but not as that of another Station. */
export function requireTokenLabel(label: string, station: Pick<Label, 'color' | 'x'>): void {
  const [, color, x] = tokenForm.exec(label) ?? []
  if (color === undefined || !colors.some((one) => one === color)) return
  if (color === station.color && Number(x) === station.x) return
  const expected = labelText(station)
  refuse('TOKEN_WRONG', `token: it is labelled ${label}, this station is ${expected}`, 'X-18')
}
