// Deaths at chosen moments in a whole house: of a node at a row it writes or before it hears a round,
// of a coordinator at a line it commits; and the return of whoever died, on its disk and nothing else.
import type { EntryType } from '../../policy/audit/bodies.ts'
import type { House } from './house.ts'
import { names } from './house.ts'
import type { Moment } from './mortal.ts'

export interface RowDoom {
  readonly table: string
  readonly moment: Moment
  /** The one of these nodes that writes the `nth` row from now on. */
  readonly nth: number
}

export function doomAtRow(
  house: House,
  { table, moment, nth }: RowDoom,
  nodes: Iterable<string> = house.nodes.keys(),
): void {
  let rows = 0
  const of = ({ statement }: { readonly statement: string }): boolean => {
    if (!statement.includes(`insert into ${table} `)) return false
    rows += 1
    return rows === nth
  }
  for (const name of nodes) house.at(name).life.doom = { moment, of }
}

/** Before it hears anybody in this round; any node, or the one that is named. */
export function doomBeforeRound(house: House, round: number, doomed?: string): void {
  house.down = ({ node }, frame) => {
    const isRound = frame.frame === 'envelope' && frame.envelope.round === round
    if (!isRound || (doomed !== undefined && node !== doomed)) return frame
    house.at(node).kill()
    house.down = (_place, other) => other
    return undefined
  }
}

export function doomAtLine(house: House, type: EntryType, moment: Moment, name = 'c1'): void {
  house.running(name).life.doom = {
    moment,
    of: ({ statement, values }) =>
      statement.includes('insert into entry ') &&
      values.some((value) => Array.isArray(value) && value.includes(type)),
  }
}

/** One of these dies; two seconds later it comes back, and every frame arrives again. */
export async function oneDiesAndReturns(
  house: House,
  among: readonly string[] = names,
): Promise<void> {
  const dead = (): readonly string[] => among.filter((name) => !house.at(name).isUp)
  await house.until('one is dead', () => dead().length > 0)
  for (const node of house.nodes.values()) if (node.isUp) node.life.doom = undefined
  house.up = (_place, frame) => frame
  house.down = (_place, frame) => frame
  await house.pass(2_000)
  const [died, ...others] = dead()
  if (died === undefined || others.length > 0) throw new Error(`dead: ${dead()}`)
  house.at(died).start()
}
