// I4, the words: whether what people read to each other, and what stations said of themselves, is
// what it had to be. Each reading is by somebody of the step's role, of what the step names, and of
// the digest that the Plan, the log or the results give it; each station ran the program of the
// Plan with a token of its own.
// Where nothing at hand says what a digest should be, it is left alone.
import type { Digest, PersonId } from '../../proto/ids.ts'
import type { CeremonyFinding } from './judgement.ts'
import { isNamedIn } from './naming.ts'
import type { Plan, ReadPlan } from './plan.ts'
import { addressReading, cardsReading, signatureReading, tokenReading } from './readings.ts'
import { keyName, type RecordLine, type RecordLineOf } from './record.ts'
import type { RecordState } from './record-chain.ts'
import { documentDigest, type Results } from './results.ts'
import { stepsFor } from './script.ts'
import type { Step } from './steps.ts'
import { Stretches } from './stretches.ts'

export interface Heard {
  readonly plan: ReadPlan
  readonly state: RecordState
  readonly lines: readonly RecordLine[]
  readonly results: Results
}

type MainSeen = RecordLineOf<'station.ready'>['body']['main']

export function judgeReadings(heard: Heard): readonly CeremonyFinding[] {
  const { plan } = heard.plan
  const stretches = new Stretches(plan, stepsFor(plan), heard.lines)
  const ready = new Set<PersonId>()
  let seen: MainSeen
  return heard.lines.flatMap((line) => {
    const { person } = line.actor
    if (line.type === 'station.ready') ready.add(person)
    const dark =
      isOfStation(line) && !ready.has(person) ? [bad(line, 'its station was never ready')] : []
    const step = stretches.of(line.step)?.step
    if (step === undefined) return dark
    if (line.type === 'words.read')
      return wordsRead(line, step, { ...heard, about: stretches.about(line), seen })
    if (line.type === 'station.ready') {
      const main = line.body.main ?? seen
      const isSame = seen === undefined || (main?.size === seen.size && main.root === seen.root)
      seen = main
      const other = isSame ? [] : [bad(line, 'a station saw another main log than the one before')]
      return [...stationReady(line, step, heard), ...other]
    }
    if (line.type === 'item.checked') return itemChecked(line, heard.lines)
    return line.type === 'seal.tested' ? [...dark, ...sealTested(line, plan)] : dark
  })
}

/** A seal that is not whole is somebody's decision, which stands in the Record. */
function itemChecked(
  { body: { intact, kind, number }, ...line }: RecordLineOf<'item.checked'>,
  lines: readonly RecordLine[],
): readonly CeremonyFinding[] {
  const isTold = lines.some((one) => {
    const isOf = one.type === 'exception' && one.step === line.step
    return isOf && isNamedIn(one.body.happened, number)
  })
  if (intact || isTold) return []
  const because = `${kind} ${number} was not whole, and no exception says so`
  return [{ check: 'I4', word: 'VIOLATION', because, line: line.seq }]
}

/** What only the program of a station writes. */
function isOfStation({ type }: RecordLine): boolean {
  return ['request.', 'session.', 'share.', 'seal.', 'signature.', 'message.'].some((begin) => {
    return type.startsWith(begin)
  })
}

/** Who says that a token opened it signs by that token. */
function sealTested(line: RecordLineOf<'seal.tested'>, plan: Plan): readonly CeremonyFinding[] {
  const serial = serialOf(plan, line.key)
  if (serial === line.body.token) return []
  return [bad(line, `opened with token ${line.body.token}, and signed by ${serial ?? 'another'}`)]
}

/** `about`: the request or vault; `seen`: the head of the main log that stations signed before. */
interface Spoken extends Heard {
  readonly about: string
  readonly seen: MainSeen
}

function wordsRead(
  line: RecordLineOf<'words.read'>,
  step: Step,
  heard: Spoken,
): readonly CeremonyFinding[] {
  const { by, digest, what } = line.body
  const findings: CeremonyFinding[] = []
  if (step.words !== undefined && step.words.what !== what) {
    findings.push(bad(line, `${step.id} reads the words of ${step.words.what}, got ${what}`))
  }
  const reader = heard.plan.plan.people.find(({ person }) => person === by)
  if (step.who !== 'everyone' && reader?.role !== step.who) {
    findings.push(bad(line, `${step.id} is read by the ${step.who}, got ${by}`))
  }
  const expected = what === 'token' ? tokensOf(heard.plan.plan, by) : expectedOf(what, heard)
  if (expected !== undefined && !expected.includes(digest)) {
    findings.push(bad(line, `${step.id}: the words of ${what} were those of ${digest}`))
  }
  return findings
}

/** Every digest that a reading of this may be of; undefined where nobody here can say. */
function expectedOf(
  what: RecordLineOf<'words.read'>['body']['what'],
  { plan: { digest, plan }, state, results, about, seen }: Spoken,
): readonly (Digest | '')[] | undefined {
  switch (what) {
    case 'build':
      return [plan.build.program]
    case 'bundle':
      return [state.opening?.bundle ?? '']
    case 'plan':
      return [digest]
    case 'roster':
      return plan.kind === 'enrolment' ? [cardsOf(results)] : [plan.root]
    case 'request':
    case 'call-back':
      return plan.requests.map(({ request }) => request).filter((one) => isOf(about, one))
    case 'key':
      return keysOf(results)
        .filter(({ vault }) => isOf(about, vault))
        .map(({ keyState }) => keyState)
    case 'address':
      return plan.vaults
        .filter((vault) => isOf(about, vault))
        .map((vault) =>
          addressReading(
            results.addresses.filter((one) => one.vault === vault).map(({ address }) => address),
          ),
        )
    case 'signature':
    case 'proof':
      return signaturesOf(results, about).map(signatureReading)
    case 'log':
      return [state.opening?.checkpoint.root ?? '']
    case 'main-log':
      return seen === undefined ? [] : [seen.root]
    case 'display':
    case 'record':
    case 'token':
      return undefined
  }
}

/** Who comes anew reads the words of the own daily token; at an enrolment it is made there. */
function tokensOf({ kind, stations }: Plan, by: PersonId): readonly Digest[] | undefined {
  if (kind !== 'reshare') return undefined
  return stations.flatMap(({ custodian, part, tokens }) => {
    if (custodian !== by || part !== 'joins' || tokens === undefined) return []
    return [tokenReading(tokens.daily.identity)]
  })
}

function stationReady(
  line: RecordLineOf<'station.ready'>,
  step: Step,
  { plan: { plan }, state }: Heard,
): readonly CeremonyFinding[] {
  const { body } = line
  const findings: CeremonyFinding[] = []
  const { program, modules } = plan.build
  if (body.build !== program) findings.push(bad(line, `a station runs the program ${body.build}`))
  if (body.module === '' ? !plan.rehearsal : !modules.includes(body.module)) {
    findings.push(bad(line, `a station loaded the module ${body.module || 'none'}`))
  }
  const serial = serialOf(plan, line.key)
  if (serial !== undefined && serial !== body.token) {
    findings.push(bad(line, `expected token ${serial}, which signed, got ${body.token}`))
  }
  const opening = state.opening?.checkpoint
  if (step.acts.includes('check-log')) {
    const same = body.log?.size === opening?.size && body.log?.root === opening?.root
    if (!same) findings.push(bad(line, 'a station read another log than the record begins at'))
    if ((body.main === undefined) !== (plan.mainRoot === undefined)) {
      const expected = plan.mainRoot === undefined ? 'none' : 'one, as the plan names that log'
      findings.push(bad(line, `head of the main log: expected ${expected}`))
    }
  }
  return findings
}

function serialOf({ stations }: Plan, key: string): string | undefined {
  const tokens = stations.flatMap(({ tokens: two }) => (two ? [two.daily, two.spare] : []))
  return tokens.find(({ identity }) => keyName(identity) === key)?.serial
}

function cardsOf({ documents }: Results): Digest {
  const cards = documents.filter(({ kind }) => kind === 'stationCard')
  return cardsReading(cards.map(documentDigest))
}

function keysOf({ lines }: Results) {
  return lines.flatMap((line) =>
    line.type === 'key.created' || line.type === 'key.refreshed' || line.type === 'key.reshared'
      ? [line.body]
      : [],
  )
}

function signaturesOf({ lines }: Results, about: string): readonly Uint8Array[] {
  return lines.flatMap((line) => {
    if (line.type === 'sign.completed' && isOf(about, line.body.intent))
      return [line.body.signature]
    if (line.type === 'key.proved' && isOf(about, line.body.change)) return [line.body.signature]
    return []
  })
}

/** Of the request or vault whose turn it is, or of any where no line tells. */
function isOf(about: string, named: string): boolean {
  return about === '' || about === named
}

function bad({ seq }: RecordLine, because: string): CeremonyFinding {
  return { check: 'I4', word: 'VIOLATION', because, line: seq }
}
