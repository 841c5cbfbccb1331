// An answer that is lines for people and one object for programs, and whether all is well: a verb
// that looks at many things says all of them, and its exit says the worst.
export class Spoken {
  readonly lines: readonly string[]
  readonly json: object
  /** 0 for all is well. */
  readonly exit: number

  constructor(lines: readonly string[], json: object, isGood: boolean | number = true) {
    this.lines = lines
    this.json = json
    this.exit = typeof isGood === 'number' ? isGood : Number(!isGood)
  }

  get isGood(): boolean {
    return this.exit === 0
  }
}
