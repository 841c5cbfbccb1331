// What a signer's process finds around it at its start: a debugger's door, the flags that shut it,
// and whether the kernel would write its memory to a disk. In production what is wrong is refused;
// elsewhere it is said, because a checkout is started in many ways.
// Source: reliability 9.2, API-50. INVARIANT: pure; looks at nothing but what it is given.
// It cannot see snapshots, swap or who else is root here: docs/hardening.md says whose those are.
import { refuse } from '../proto/refusal.ts'
import type { Event } from './ports.ts'

export interface Surroundings {
  /** Options of the runtime itself, from the command line and from NODE_OPTIONS. */
  readonly options: readonly string[]
  /** Address of a debugger's door that is open. */
  readonly debugger: string | undefined
  /** The text of /proc/self/limits; undefined where there is none. */
  readonly limits: string | undefined
}

/** Without these any process of the same user may open a door into this one. */
export const neededFlags = ['--disable-sigusr1', '--tls-min-v1.3', '--disable-proto=delete']
const doors =
  /^--(inspect|heapsnapshot-|diagnostic-dir|report-|cpu-prof|heap-prof|prof|perf-|tls-keylog)/
/** Options in a file are not seen here. */
const hidden = /^--experimental-(default-)?config-file/
/** The last one said counts. */
const undone = /^--(no-disable-sigusr1|tls-min-v1\.[0-2])/

/** One sentence for each thing that should be otherwise. */
export function faultsOf({ options, debugger: door, limits }: Surroundings): readonly string[] {
  const missing = neededFlags.filter((flag) => !options.includes(flag))
  const those = (form: RegExp) => options.filter((option) => form.test(plain(option)))
  return [
    ...(door === undefined ? [] : [`a debugger may connect at ${door}`]),
    ...those(doors).map((option) => `${option}: shows the memory of this process`),
    ...those(hidden).map((option) => `${option}: may say what this process cannot see`),
    ...those(undone).map((option) => `${option}: takes back a flag that is needed`),
    ...(missing.length === 0 ? [] : [`started without ${missing.join(' ')}`]),
    ...(mayDump(limits) ? ['core files are on: expected a core limit of 0'] : []),
  ]
}

/** Refuses in production; an event for each fault elsewhere. */
export function lookAround(env: string, found: Surroundings): readonly Event[] {
  const faults = faultsOf(found)
  if (env === 'prod' && faults.length > 0) refuse('CONFIG', faults.join('; '))
  return faults.map((because) => ({ level: 'warn', name: 'surroundings', because }))
}

/** The runtime takes underscores for dashes, and quotes in NODE_OPTIONS. */
function plain(option: string): string {
  return option.replaceAll('"', '').replaceAll('_', '-')
}

/** A soft limit of 0 can be raised again only by this process itself. */
function mayDump(limits: string | undefined): boolean {
  const [, soft] = /^Max core file size +(\S+)/m.exec(limits ?? '') ?? []
  return soft !== undefined && soft !== '0'
}
