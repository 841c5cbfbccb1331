// Finds the verb, reads its arguments strictly, turns every ending into text, JSON and an exit
// code.
// Verbs are loaded when they are called, so that `policy check` starts no gRPC and no certificate
// library. The world is an argument: tests run the same function.
import { parseArgs } from 'node:util'
import { pathFault } from '../proto/io/path-fault.ts'
import { Refused } from '../proto/refusal.ts'
import { Unavailable } from '../proto/unavailable.ts'
import {
  type Answer,
  Mistyped,
  mistypedAnswer,
  refusedAnswer,
  UsageError,
  unavailableAnswer,
  type Verb,
  type World,
} from './verb.ts'

export interface Printed {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

const verbs: Readonly<Record<string, () => Promise<Verb>>> = {
  init: async () => (await import('./init.ts')).init,
  'init cold': async () => (await import('./init-cold.ts')).initCold,
  'init node': async () => (await import('./init-node.ts')).initNode,
  'dev up': async () => (await import('./dev.ts')).devUp,
  'dev cold': async () => (await import('./dev-cold-up.ts')).devCold,
  pending: async () => (await import('./approve.ts')).pending,
  show: async () => (await import('./approve.ts')).show,
  approve: async () => (await import('./approve.ts')).approve,
  reject: async () => (await import('./approve.ts')).reject,
  submit: async () => (await import('./submit.ts')).submit,
  simulate: async () => (await import('./submit.ts')).simulate,
  status: async () => (await import('./submit.ts')).status,
  cancel: async () => (await import('./submit.ts')).cancel,
  payout: async () => (await import('./payout.ts')).payout,
  watch: async () => (await import('./watch.ts')).watch,
  'root draft': async () => (await import('./root-draft.ts')).rootDraft,
  'root show': async () => (await import('./root-sign.ts')).rootShow,
  'root sign': async () => (await import('./root-sign.ts')).rootSign,
  'root submit': async () => (await import('./root-sign.ts')).rootSubmit,
  'vault list': async () => (await import('./vault.ts')).vaultList,
  'vault show': async () => (await import('./vault.ts')).vaultShow,
  'vault create': async () => (await import('./change.ts')).vaultCreate,
  'vault refresh': async () => (await import('./change.ts')).vaultRefresh,
  'vault reshare': async () => (await import('./change.ts')).vaultReshare,
  'vault invitations': async () => (await import('./invitations.ts')).vaultInvitations,
  'vault import': async () => (await import('./change.ts')).vaultImport,
  'vault export': async () => (await import('./change.ts')).vaultExport,
  'vault export-parts': async () => (await import('./export-parts.ts')).vaultExportParts,
  'vault destination': async () => (await import('./destination.ts')).vaultDestination,
  'vault destroy': async () => (await import('./change.ts')).vaultDestroy,
  'vault prove': async () => (await import('./change.ts')).vaultProve,
  'vault proof': async () => (await import('./proof.ts')).vaultProof,
  'address show': async () => (await import('./addresses.ts')).addressShow,
  'address deposit': async () => (await import('./addresses.ts')).addressDeposit,
  'address list': async () => (await import('./addresses.ts')).addressList,
  'address verify': async () => (await import('./addresses.ts')).addressVerify,
  'node readmit': async () => (await import('./change.ts')).nodeReadmit,
  'certificate show': async () => (await import('./certificate.ts')).certificateShow,
  'certificate authority': async () => (await import('./certificate.ts')).certificateAuthority,
  'certificate renew': async () => (await import('./certificate.ts')).certificateRenew,
  'recovery init': async () => (await import('./recovery.ts')).recoveryInit,
  'recovery verify': async () => (await import('./recovery.ts')).recoveryVerify,
  'ceremony propose': async () => (await import('./ceremony-propose.ts')).ceremonyPropose,
  'ceremony list': async () => (await import('./ceremony-online.ts')).ceremonyList,
  'ceremony prepare': async () => (await import('./ceremony-online.ts')).ceremonyPrepare,
  'ceremony export': async () => (await import('./ceremony-online.ts')).ceremonyExport,
  'ceremony import': async () => (await import('./ceremony-import.ts')).ceremonyImport,
  'ceremony anchor': async () => (await import('./ceremony-anchor.ts')).ceremonyAnchor,
  'ceremony abort': async () => (await import('./ceremony-online.ts')).ceremonyAbort,
  'hsm show': async () => (await import('./hsm.ts')).hsmShow,
  'hsm probe': async () => (await import('./hsm.ts')).hsmProbe,
  'hsm init': async () => (await import('./hsm.ts')).hsmInit,
  'hsm enrol': async () => (await import('./hsm.ts')).hsmEnrol,
  'hsm seal': async () => (await import('./hsm.ts')).hsmSeal,
  'hsm test-seal': async () => (await import('./hsm.ts')).hsmTestSeal,
  'hsm retire': async () => (await import('./hsm.ts')).hsmRetire,
  words: async () => (await import('./words.ts')).words,
  'ceremony plan': async () => (await import('./ceremony.ts')).ceremonyPlan,
  'ceremony script': async () => (await import('./ceremony.ts')).ceremonyScript,
  'ceremony verify': async () => (await import('./ceremony-verify.ts')).ceremonyVerify,
  'ceremony speak': async () => (await import('./ceremony-speak.ts')).ceremonySpeak,
  'ceremony rehearse': async () => (await import('./ceremony-rehearse.ts')).ceremonyRehearse,
  limits: async () => (await import('./limits.ts')).limits,
  freeze: async () => (await import('./freeze.ts')).freeze,
  'audit checkpoint': async () => (await import('./audit.ts')).auditCheckpoint,
  'audit export': async () => (await import('./audit.ts')).auditExport,
  'audit verify': async () => (await import('./audit.ts')).auditVerify,
  'audit collect': async () => (await import('./reconcile.ts')).auditCollect,
  'audit reconcile': async () => (await import('./reconcile.ts')).auditReconcile,
  'audit proof': async () => (await import('./proof.ts')).auditProof,
  'policy check': async () => (await import('./policy.ts')).policyCheck,
}

/** Flags of every verb. */
export const always = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

export async function run(argv: readonly string[], world: World): Promise<Printed> {
  const found = findVerb(argv)
  if (found === undefined) return help(argv)
  const verb = await found.load()
  const isJson = argv.includes('--json')
  try {
    const { values, positionals } = parseArgs({
      args: [...found.rest],
      options: { ...verb.options, ...always },
      allowPositionals: true,
      strict: true,
    })
    if (values.help === true) return { exit: 0, stdout: verbHelp(found.name, verb), stderr: '' }
    requireWords(positionals, verb)
    const flags = Object.fromEntries(Object.entries(values).map(([k, v]) => [k, single(v)]))
    return print(await verb.run({ words: positionals, flags }, world), isJson)
  } catch (error) {
    return print(answerOf(error, found, verb), isJson)
  }
}

interface Found {
  readonly name: string
  readonly load: () => Promise<Verb>
  readonly rest: readonly string[]
}

/** The longest name that the arguments begin with. */
export function findVerb(argv: readonly string[]): Found | undefined {
  for (const length of [2, 1]) {
    const name = argv.slice(0, length).join(' ')
    const load = Object.hasOwn(verbs, name) ? verbs[name] : undefined
    if (load !== undefined) return { name, load, rest: argv.slice(length) }
  }
  return undefined
}

/** Of one group with the usage of each verb, where the first word is the name of a group. */
async function help(argv: readonly string[]): Promise<Printed> {
  const group = Object.keys(verbs).filter((name) => name.startsWith(`${argv[0] ?? ''} `))
  const names = group.length > 0 ? group : Object.keys(verbs)
  const lines: string[] = []
  const width = Math.max(...names.map((name) => name.length)) + 2
  for (const name of names) {
    const verb = await verbs[name]?.()
    if (verb === undefined) continue
    lines.push(group.length > 0 ? verbHelp(name, verb) : `  ${name.padEnd(width)}${verb.about}\n`)
  }
  const head = group.length > 0 ? `${argv[0]} ` : ''
  const text = `custody ${head}VERB [--json] [--help]\n\n${lines.join('')}`
  const asked = argv.length === 0 || argv.some((item) => item === '--help' || item === '-h')
  if (asked) return { exit: 0, stdout: text, stderr: '' }
  return { exit: 2, stdout: '', stderr: `unknown verb ${argv.slice(0, 2).join(' ')}\n\n${text}` }
}

function verbHelp(name: string, { about, usage }: Verb): string {
  return `custody ${name} ${usage}\n  ${about}\n`
}

function requireWords({ length }: readonly string[], { words }: Verb): void {
  if (length >= words.min && length <= words.max) return
  const wanted = words.min === words.max ? `${words.min}` : `${words.min} to ${words.max}`
  throw new UsageError(`expected ${wanted} arguments, got ${length}`)
}

function single(value: string | boolean | (string | boolean)[] | undefined) {
  return Array.isArray(value) ? value.at(-1) : value
}

function print({ exit, text, json }: Answer, isJson: boolean): Printed {
  const shown = isJson ? `${JSON.stringify(json)}\n` : text
  return isJson || exit === 0
    ? { exit, stdout: shown, stderr: '' }
    : { exit, stdout: '', stderr: shown }
}

function answerOf(error: unknown, { name, rest }: Found, verb: Verb): Answer {
  if (error instanceof Refused) return fileFault(refusedAnswer(error.refusal, verb.afterNo), error)
  if (error instanceof Mistyped) return mistypedAnswer(error)
  if (error instanceof Unavailable) return unavailableAnswer(error.message)
  if (error instanceof UsageError || isArgumentFault(error)) {
    const because = pathFault(error, rest, verb.usage) ?? error.message
    return { exit: 2, text: `${because}\n  ${verbHelp(name, verb)}`, json: { usage: because } }
  }
  throw error
}

/** What cannot be read here is no answer of the law: exit 2. */
function fileFault(answer: Answer, { refusal }: Refused): Answer {
  return ['CONFIG', 'MALFORMED', 'SEAL'].includes(refusal.code) ? { ...answer, exit: 2 } : answer
}

function isArgumentFault(error: unknown): error is Error {
  if (!(error instanceof Error) || !('code' in error)) return false
  const code = String(error.code)
  return (
    code.startsWith('ERR_PARSE_ARGS') ||
    ['ENOENT', 'EEXIST', 'EACCES', 'EISDIR', 'ENOTDIR'].includes(code)
  )
}
