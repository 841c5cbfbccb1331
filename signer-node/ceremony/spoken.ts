// An answer that is lines for people and one object for programs, and whether all is well: a verb
// that looks at many things says all of them, and its exit says the worst.
export class Spoken {
  readonly lines: readonly string[]
  readonly json: object
  readonly isGood: boolean

  constructor(lines: readonly string[], json: object, isGood = true) {
    this.lines = lines
    this.json = json
    this.isGood = isGood
  }
}
