// What can be known of a policy before it is used, and the only way to put one in force: load is
// parse, then what this release cannot judge (refused by name, never ignored), then the analyser.
// Overlap, death, gaps, quorums and limits are decided exactly on boxes; an error refuses the load,
// with every finding, so that an author reads them all at once.
// Source: policy design 3.5. Comparing two policies (loosening) is not here.
import { refuse } from '../proto/refusal.ts'
import { assetFindings } from './analyse-assets.ts'
import { limitFindings } from './analyse-limits.ts'
import { messageFindings } from './analyse-messages.ts'
import { peopleFindings } from './analyse-people.ts'
import { ruleFindings } from './analyse-rules.ts'
import { treasuryFindings } from './analyse-treasury.ts'
import type { Root } from './documents.ts'
import { error, type Finding, warning } from './finding.ts'
import type { Roster } from './roster.ts'
import { isColdPolicy, parseRulebook, type Rulebook } from './rulebook.ts'
import type { GuardKind } from './rules/guard.ts'
import { faultsOf } from './tolerance.ts'

/** Documents that the policy must agree with; what is not known yet is left out. */
export interface Beside {
  readonly roster?: Roster
  readonly root?: Root
}

/** Parses, refuses what is not supported yet, refuses what the analyser calls an error. */
export function loadRulebook(text: string, beside: Beside = {}): Rulebook {
  const rulebook = parseRulebook(text)
  const waiting = unsupported(rulebook)
  if (waiting.length > 0) {
    refuse('NOT_SUPPORTED', `not supported yet: ${waiting.join(', ')}`)
  }
  const findings = analyse(rulebook, beside)
  if (findings.some((finding) => finding.severity === 'error')) {
    refuse('INVALID_POLICY', findings.map(sentence).join('; '))
  }
  return rulebook
}

/** What the document asks for and this release cannot judge, by field. */
export function unsupported(rulebook: Rulebook): readonly string[] {
  const { guards, rules, minFactor } = rulebook
  const fields: Partial<Record<GuardKind, string>> = {
    lists: 'destinationIn',
    'look-alike': 'destinationLooksLike',
  }
  return [
    ...guards.flatMap(({ id, denial }) => {
      const field = fields[denial.kind]
      return field === undefined ? [] : [`guards.${id}.deny.${field}`]
    }),
    ...rules.filter(({ when }) => when !== 'always').map(({ id }) => `rules.${id}.match.when`),
    ...[...minFactor]
      .filter(([, factor]) => factor !== 'none')
      .map(([rule]) => `separation.minFactor.${rule}`),
  ]
}

/** Every finding, errors first; the same list for the same policy. */
export function analyse(rulebook: Rulebook, beside: Beside = {}): readonly Finding[] {
  const findings = [
    ...numberFindings(rulebook),
    ...assetFindings(rulebook),
    ...guardFindings(rulebook),
    ...ruleFindings(rulebook),
    ...peopleFindings(rulebook, beside.roster),
    ...limitFindings(rulebook),
    ...messageFindings(rulebook),
    ...treasuryFindings(rulebook),
    ...(beside.root === undefined ? [] : rootFindings(rulebook, beside.root)),
  ]
  const order = ['error', 'warning', 'note']
  return findings.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}

export function sentence({ severity, check, where, because }: Finding): string {
  return `${severity} ${check} at ${where}: ${because}`
}

function numberFindings({ quorumCrypto, log }: Rulebook): readonly Finding[] {
  const { n: w, f, quorum: q } = log.witness
  return faultsOf(quorumCrypto, { w, f, q }, isColdPolicy({ log })).map((because) =>
    error('numbers', 'quorumCrypto, log.witness', because),
  )
}

const wanted: readonly GuardKind[] = ['op', 'value', 'fee', 'record', 'duplicate', 'freeze']

function guardFindings({ guards }: Rulebook): readonly Finding[] {
  const present = new Set(guards.map(({ denial }) => denial.kind))
  return wanted
    .filter((kind) => !present.has(kind))
    .map((kind) => warning('guard', 'guards', `no guard of the kind ${kind}`))
}

function rootFindings(rulebook: Rulebook, root: Root): readonly Finding[] {
  const { quorumCrypto: key, log } = rulebook
  const { quorumCrypto: ofRoot, witness } = root
  const same: readonly (readonly [boolean, string])[] = [
    [rulebook.org === root.org && rulebook.env === root.env, 'org and env'],
    [key.n === ofRoot.n && key.t === ofRoot.t && key.f === ofRoot.f, 'quorumCrypto'],
    [log.origin === root.log.origin, 'log.origin'],
    [isColdPolicy(rulebook) === root.cold, 'log.coldOrigin'],
    [
      log.witness.n === witness.w &&
        log.witness.f === witness.f &&
        log.witness.quorum === witness.q,
      'log.witness',
    ],
  ]
  return same
    .filter(([equal]) => !equal)
    .map(([, where]) => error('root', where, 'expected the numbers and names of the root'))
}
