// The brake (N24): too many sessions of one vault that ended by somebody's fault within a while,
// and this node takes no further one of that vault until the while is over or its operator has
// looked. Lives in memory: a restart is an operator's act.

const windowMs = 600_000
const failuresMax = 10

export class Brake {
  readonly #failures = new Map<string, readonly number[]>()

  failed(vault: string, nowMs: number): void {
    this.#failures.set(vault, [...this.#recent(vault, nowMs), nowMs])
  }

  isOn(vault: string, nowMs: number): boolean {
    return this.#recent(vault, nowMs).length >= failuresMax
  }

  #recent(vault: string, nowMs: number): readonly number[] {
    return (this.#failures.get(vault) ?? []).filter((at) => nowMs - at < windowMs)
  }
}
