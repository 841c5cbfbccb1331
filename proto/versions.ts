// Which versions of the words between node and coordinator this release speaks. Both ends say
// theirs first (Hello, Welcome); ends that have none in common part at once and say why, so that a
// half-upgraded house refuses or works, and never waits.
// INVARIANT: after a greeting in no common version nothing but another greeting is heard.
import type { CoordinatorFrame } from './frames.ts'
import { refuse } from './refusal.ts'

/** Newest first. */
export const spoken: readonly string[] = ['custody/v1']

/** Longer lists than any release has are not looked through. */
const versionsMax = 16
const nameMax = 32

/** The newest that both speak. */
export function requireCommon(theirs: readonly string[], who: string): string {
  const said = theirs.slice(0, versionsMax)
  const common = spoken.find((version) => said.includes(version))
  const named = said.map((version) => version.slice(0, nameMax)).join(', ') || 'nothing'
  return common ?? refuse('VERSION', `${who}: expected ${spoken.join(', ')}, got ${named}`)
}

/** What a node hears of its coordinators: everything, after a welcome in a version of its own. */
export class Greeted {
  readonly #deaf = new Set<string>()

  /** Refuses a welcome in no common version; false for what else comes from there. */
  hears(coordinator: string, frame: CoordinatorFrame): boolean {
    if (frame.frame !== 'welcome') return !this.#deaf.has(coordinator)
    this.#deaf.add(coordinator)
    requireCommon(frame.welcome.versions, coordinator)
    this.#deaf.delete(coordinator)
    return true
  }

  forget(coordinator: string): void {
    this.#deaf.delete(coordinator)
  }
}
