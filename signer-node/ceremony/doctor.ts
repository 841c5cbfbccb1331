// The doctor: whether this machine may be a Station now, judged from facts that
// somebody else gathered, one line for each. In production, and with --strict, every fault is a
// refusal; in a rehearsal those of the machine are only said, because a laptop has a network.
// Source: the ceremony's design, 4.12. INVARIANT: pure; what could not be found out is a fault.
// It sees no firmware, no camera and nobody who has changed the kernel: docs/hardening.md.
import { faultsOf } from '../surroundings.ts'

export interface Interface {
  readonly name: string
  /** Also where nobody can say. */
  readonly isUp: boolean
  readonly addresses: readonly string[]
}

export interface Mount {
  readonly at: string
  readonly type: string
  readonly options: readonly string[]
}

/** What a Station is made of, as it stands now. */
export interface StationFacts {
  readonly interfaces: readonly Interface[]
  /** Devices of default routes. */
  readonly routes: readonly string[]
  /** Wireless and Bluetooth devices, switched off or not. */
  readonly radios: readonly string[]
  readonly swaps: readonly string[]
  /** The text of /proc/self/limits. */
  readonly limits: string | undefined
  readonly corePattern: string | undefined
  /** Of the runtime, from the command line and from NODE_OPTIONS. */
  readonly options: readonly string[]
  readonly debugger: string | undefined
  /** Of compiled code, which no digest of the build covers. */
  readonly cache: string | undefined
  /** Process that traces this one; 0 for none. */
  readonly tracer: number
  readonly mounts: readonly Mount[]
  /** `24.21.0` */
  readonly node: string
  readonly program: string
}

export interface Expected {
  /** The only address that this Station may have, if it has one. */
  readonly table: string | undefined
  /** Directories that may be written. */
  readonly cards: readonly string[]
  readonly build:
    | { readonly program: string; readonly node: string; readonly flags: readonly string[] }
    | undefined
}

export interface Check {
  /** `X-1` */
  readonly id: string
  readonly what: string
  /** Empty: all is well. */
  readonly fault: string
  readonly found: string
  /** Of the machine: a rehearsal goes on. */
  readonly isOfMachine: boolean
}

export function machineChecks(facts: StationFacts, expected: Expected): readonly Check[] {
  const machine = (id: string, what: string, faults: readonly string[], found: string): Check => {
    return { id, what, fault: faults.join('; '), found, isOfMachine: true }
  }
  const ups = facts.interfaces.filter(({ isUp }) => isUp).map(({ name }) => name)
  return [
    machine('X-1', 'interfaces', interfaceFaults(facts, expected), ups.join(', ') || 'none'),
    machine('X-1', 'routes', routeFaults(facts), 'none to the world'),
    machine('X-1', 'radios', facts.radios, 'none'),
    machine('X-2', 'swap', facts.swaps, 'none'),
    machine('X-2', 'core files', coreFaults(facts), 'none'),
    machine('X-2', 'process', processFaults(facts), 'no door'),
    machine('X-2', 'mounts', mountFaults(facts, expected), expected.cards.join(', ') || 'none'),
    ...buildChecks(facts, expected),
  ]
}

/** Whether a Station begins with these. */
export function isReady(checks: readonly Check[], isStrict: boolean): boolean {
  return checks.every(({ fault, isOfMachine }) => fault === '' || (isOfMachine && !isStrict))
}

/** One line each; `warn` is what production would refuse. */
export function checkLine(
  { id, what, fault, found, isOfMachine }: Check,
  isStrict: boolean,
): string {
  const word = fault === '' ? 'ok' : isOfMachine && !isStrict ? 'warn' : 'FAULT'
  return `${word.padEnd(6)}${id.padEnd(5)}${what.padEnd(14)}${fault === '' ? found : fault}`
}

const loopback = 'lo'

function interfaceFaults({ interfaces }: StationFacts, { table }: Expected): readonly string[] {
  const isTable = ({ addresses }: Interface): boolean =>
    table !== undefined && addresses.includes(table)
  const others = interfaces.filter((one) => one.name !== loopback && one.isUp && !isTable(one))
  // The switch gives no addresses: whatever else the table's interface has is of another network.
  const more = interfaces
    .filter(isTable)
    .flatMap(({ name, addresses }) => addresses.map((address) => ({ name, address })))
    .filter(({ address }) => address !== table && !address.startsWith('fe80:'))
  const isThere = table === undefined || interfaces.some(isTable)
  return [
    ...others.map(({ name }) => `${name} is up`),
    ...more.map(({ name, address }) => `${name} has ${address} too`),
    ...(isThere ? [] : [`no interface has the table's address ${table}`]),
  ]
}

function routeFaults({ routes }: StationFacts): readonly string[] {
  const others = new Set(routes.filter((name) => name !== loopback))
  return [...others].map((name) => `a default route by ${name}`)
}

function coreFaults({ limits: text, corePattern }: StationFacts): readonly string[] {
  const [, soft] = /^Max core file size +(\S+)/m.exec(text ?? '') ?? []
  const isPipe = corePattern === undefined || corePattern.startsWith('|')
  return [
    ...(soft === '0' ? [] : [`the limit is ${soft ?? 'unknown'}, expected 0`]),
    // The kernel asks no limit before it hands an image to a program.
    ...(isPipe ? [`a program gets them: ${corePattern?.trim() ?? 'unknown'}`] : []),
  ]
}

function processFaults({
  options,
  debugger: door,
  cache,
  tracer,
}: StationFacts): readonly string[] {
  const traced = tracer === 0 ? [] : [`process ${tracer} traces this one`]
  // Limits are a line of their own.
  const faults = faultsOf({ options, debugger: door, limits: undefined })
  // Whoever writes there writes what runs: the runtime compares no more than a checksum.
  const compiled = cache === undefined ? [] : [`compiled code is taken from ${cache}`]
  return [...faults, ...compiled, ...traced]
}

/** In memory, or of the kernel: what is written there is gone with the power. */
const passing = [
  ...['tmpfs', 'ramfs', 'proc', 'sysfs', 'devtmpfs', 'devpts', 'mqueue', 'hugetlbfs', 'cgroup'],
  ...['cgroup2', 'securityfs', 'debugfs', 'tracefs', 'configfs', 'fusectl', 'bpf', 'pstore'],
  ...['efivarfs', 'binfmt_misc', 'autofs', 'rpc_pipefs', 'nsfs', 'selinuxfs'],
]

function mountFaults({ mounts }: StationFacts, { cards }: Expected): readonly string[] {
  if (mounts.length === 0) return ['nobody can say what is mounted']
  const places = cards.map((card) => mountOf(mounts, card)?.at)
  const lasting = mounts.filter((mount) => isLasting(mount, mounts))
  const ofCards = lasting.filter(({ at }) => at === '/' || !places.includes(at))
  return [...new Set(ofCards.map(({ at, type }) => `${at} (${type}) is writable`))]
}

function isLasting(mount: Mount, mounts: readonly Mount[]): boolean {
  if (!mount.options.includes('rw') || passing.includes(mount.type)) return false
  if (mount.type !== 'overlay') return true
  // A live image: as lasting as what lies on top.
  const upper = mount.options.find((option) => option.startsWith('upperdir='))
  if (upper === undefined) return false
  const below = mountOf(mounts, upper.slice('upperdir='.length))
  return below === undefined || below === mount || !passing.includes(below.type)
}

/** The deepest one that holds this path. */
function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  const holds = ({ at }: Mount): boolean => at === '/' || `${path}/`.startsWith(`${at}/`)
  return mounts.filter(holds).sort((a, b) => b.at.length - a.at.length)[0]
}

function buildChecks({ program, node, options }: StationFacts, { build }: Expected): Check[] {
  const check = (what: string, found: string, wanted: string | undefined): Check => {
    const isOther = wanted !== undefined && wanted !== found
    const fault = isOther ? `expected ${wanted}, got ${found}` : ''
    return { id: 'X-3', what, fault, found, isOfMachine: false }
  }
  const flags = options.filter((option) => option !== '').sort()
  const wanted = build === undefined ? undefined : [...build.flags].sort().join(' ') || 'none'
  return [
    check('build', program, build?.program),
    check('node', node, build?.node),
    check('flags', flags.join(' ') || 'none', wanted),
  ]
}
