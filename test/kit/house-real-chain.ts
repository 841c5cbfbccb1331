/** Waiting in a house whose chain is a real process: answers come while the house has its own time. */
import type { Digest } from '../../proto/ids.ts'
import type { House } from './house.ts'

export const isState = (house: House, id: Digest, state: string) => async (): Promise<boolean> =>
  (await house.state(id)) === state

/** With a chain, a block comes in each step. */
export async function until(
  house: House,
  what: string,
  isSo: () => Promise<boolean>,
  mining?: { mine(): Promise<void> },
): Promise<void> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (await isSo()) return
    await new Promise((resolve) => setTimeout(resolve, 5))
    await mining?.mine()
    await house.pass(500)
  }
  const said = house.record.events.slice(-10).map(({ name, because }) => `${name} ${because}`)
  throw new Error(`never: ${what}; ${said.join('; ')}`)
}
