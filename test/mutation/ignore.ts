// What is not worth a run of the tests. Texts of errors: tests ask for reason, culprit and remedy, not
// for words, so each would survive, at the cost of every test. The step of a counted loop: without it
// the loop never ends, which tells of nothing but the clock.
interface Place {
  readonly node: { readonly type: string; readonly update?: unknown; readonly id?: unknown }
  readonly parentPath: Place | null
}

const isText = ({ node }: Place): boolean =>
  node.type === 'StringLiteral' || node.type === 'TemplateLiteral'

export function shouldIgnore(place: Place): string | undefined {
  const parent = place.parentPath?.node
  const { type, update, id } = parent ?? { type: '' }
  if (isText(place) && type === 'NewExpression') return 'the text of an error'
  const isBecause = (id as { readonly name?: string } | undefined)?.name === 'because'
  if (isText(place) && type === 'VariableDeclarator' && isBecause) return 'the text of an error'
  if (type === 'ForStatement' && update === place.node) return 'the step of a loop'
  return undefined
}
