// Whether a sentence of the Record names what is printed on a bag, a token or a medium: as a whole.
// What is said of bag B-17 excuses neither B-1 nor B-17.2.

const begun = /[\p{L}\p{N}][-._]?$/u
const goesOn = /^[-._]?[\p{L}\p{N}]/u

export function isNamedIn(sentence: string, mark: string): boolean {
  for (let at = sentence.indexOf(mark); at >= 0; at = sentence.indexOf(mark, at + 1)) {
    const [before, after] = [sentence.slice(0, at), sentence.slice(at + mark.length)]
    if (!begun.test(before) && !goesOn.test(after)) return true
  }
  return false
}
