// policy check: reads a policy as every process would and says what the analyser finds, with the
// exposure matrix: for each unit, the most that one request may move from each vault to each class.
// Needs no server. Exit 0 when the policy could be put in force, 1 when not.
import { readFileSync } from 'node:fs'
import { analyse, sentence, unsupported } from '../policy/analyse.ts'
import { parseRoot } from '../policy/documents.ts'
import { exposure, unitsOf } from '../policy/exposure.ts'
import { parseRoster } from '../policy/roster.ts'
import { parseRulebook, type Rulebook } from '../policy/rulebook.ts'
import { type Args, flag, type Verb, word } from './verb.ts'

export const policyCheck: Verb = {
  about: 'what the analyser says of a policy, and how much it exposes',
  usage: 'FILE [--directory FILE] [--root FILE]',
  words: { min: 1, max: 1 },
  options: { directory: { type: 'string' }, root: { type: 'string' } },
  run: async (args) => {
    const rulebook = parseRulebook(readFileSync(word(args, 0), 'utf8'))
    const findings = analyse(rulebook, beside(args)).map((finding) => ({ ...finding }))
    const waiting = unsupported(rulebook)
    const errors = findings.filter(({ severity }) => severity === 'error').length
    const matrix = unitsOf(rulebook).flatMap((unit) => cells(rulebook, unit))
    const lines = [
      `policy ${rulebook.digest} version ${rulebook.version}`,
      ...waiting.map((field) => `error not supported yet: ${field}`),
      ...findings.map(sentence),
      ...matrix.map(
        ({ from, to, max, unit }) => `${from} -> ${to}: at most ${max} ${unit} a request`,
      ),
    ]
    const good = errors === 0 && waiting.length === 0
    return {
      exit: good ? 0 : 1,
      text: `${lines.join('\n')}\n${good ? 'could be put in force\n' : 'would be refused\n'}`,
      json: { digest: rulebook.digest, good, findings, unsupported: waiting, exposure: matrix },
    }
  },
}

function beside(args: Args) {
  const [directory, root] = [flag(args, 'directory'), flag(args, 'root')]
  return {
    ...(directory === undefined ? {} : { roster: parseRoster(readFileSync(directory, 'utf8')) }),
    ...(root === undefined ? {} : { root: parseRoot(readFileSync(root, 'utf8')) }),
  }
}

/** Only where something may move: everything else is denied. */
function cells(rulebook: Rulebook, unit: string) {
  return exposure(rulebook, unit).flatMap(({ from, to, max }) =>
    max === undefined ? [] : [{ from, to, max, unit }],
  )
}
