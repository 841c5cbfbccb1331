// Deaths of nodes in a whole house: at a row that becomes durable, and the way back.
import type { House } from './house.ts'
import type { Doom, Moment } from './mortal.ts'

/** At the `nth` row of this table that any node writes from now on. */
export function doomAt(house: House, table: string, moment: Moment, nth: number): void {
  let rows = 0
  const doom: Doom = {
    moment,
    of: ({ statement }) => {
      if (!statement.includes(`insert into ${table} `)) return false
      rows += 1
      return rows === nth
    },
  }
  for (const node of house.nodes.values()) node.life.doom = doom
}

/** Once somebody is dead nobody else dies; two seconds later the dead come back. How many they were. */
export async function diesAndReturns(house: House): Promise<number> {
  const dead = () => [...house.nodes.values()].filter(({ isUp }) => !isUp)
  await house.until('one is dead', () => dead().length > 0)
  for (const node of house.nodes.values()) if (node.isUp) node.life.doom = undefined
  house.up = (_place, frame) => frame
  house.down = (_place, frame) => frame
  await house.pass(2_000)
  const back = dead()
  for (const node of back) node.start()
  return back.length
}
