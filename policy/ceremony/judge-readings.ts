// I4, the words: whether what people read to each other, and what stations said of themselves, is
// what it had to be. Each reading is by somebody of the step's role, of what the step names, and of
// the digest that the Plan, the log or the results give it; each station ran the program of the
// Plan with a token of its own.
// Where nothing at hand says what a digest should be, it is left alone.
import type { Digest } from '../../proto/ids.ts'
import type { CeremonyFinding } from './judgement.ts'
import type { Plan, ReadPlan } from './plan.ts'
import { addressReading, cardsReading, signatureReading } from './readings.ts'
import { keyName, type RecordLine, type RecordLineOf } from './record.ts'
import type { RecordState } from './record-chain.ts'
import { documentDigest, type Results } from './results.ts'
import { stepsFor } from './script.ts'
import type { Step } from './steps.ts'

export interface Heard {
  readonly plan: ReadPlan
  readonly state: RecordState
  readonly lines: readonly RecordLine[]
  readonly results: Results
}

export function judgeReadings(heard: Heard): readonly CeremonyFinding[] {
  const steps = new Map(stepsFor(heard.plan.plan).map((step) => [step.id, step]))
  return heard.lines.flatMap((line) => {
    const step = steps.get(line.step)
    if (step === undefined) return []
    if (line.type === 'words.read') return wordsRead(line, step, heard)
    if (line.type === 'station.ready') return stationReady(line, step, heard)
    return []
  })
}

function wordsRead(
  line: RecordLineOf<'words.read'>,
  step: Step,
  heard: Heard,
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
  const expected = expectedOf(what, heard)
  if (expected !== undefined && !expected.includes(digest)) {
    findings.push(bad(line, `${step.id}: the words of ${what} were those of ${digest}`))
  }
  return findings
}

/** Every digest that a reading of this may be of; undefined where nobody here can say. */
function expectedOf(
  what: RecordLineOf<'words.read'>['body']['what'],
  { plan: { digest, plan }, state, results }: Heard,
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
      return plan.requests.map(({ request }) => request)
    case 'key':
      return keysOf(results).map(({ keyState }) => keyState)
    case 'address':
      return [...new Set(results.addresses.map(({ vault }) => vault))].map((vault) =>
        addressReading(
          results.addresses.filter((one) => one.vault === vault).map(({ address }) => address),
        ),
      )
    case 'signature':
    case 'proof':
      return signaturesOf(results).map(signatureReading)
    case 'log':
      return [state.opening?.checkpoint.root ?? '']
    case 'display':
    case 'record':
    case 'token':
      return undefined
  }
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

function signaturesOf({ lines }: Results): readonly Uint8Array[] {
  return lines.flatMap((line) =>
    line.type === 'sign.completed' || line.type === 'key.proved' ? [line.body.signature] : [],
  )
}

function bad({ seq }: RecordLine, because: string): CeremonyFinding {
  return { check: 'I4', word: 'VIOLATION', because, line: seq }
}
