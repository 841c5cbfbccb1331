// Machines of a room as network namespaces: each with one cable to a bridge that leads nowhere, as a
// switch without uplink does, and, while a test wants it, a second cable to a world outside. A
// program on such a machine sees a disk that cannot be written but for its cards.
// Needs root, and ip of iproute2; ends only what it made.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { env, getuid, pid } from 'node:process'

const ip = (...words: readonly string[]): string =>
  execFileSync('ip', [...words], { encoding: 'utf8', stdio: 'pipe' })

/** False with a word on the screen; where CI is set, it has to be possible. */
export function canMakeWires(what: string): boolean {
  try {
    if (getuid?.() !== 0) throw new Error('not root')
    ip('netns', 'add', `table-${pid}-try`)
    ip('netns', 'del', `table-${pid}-try`)
    return true
  } catch {
    if (env['CI'] === 'true') throw new Error('expected root, and ip of iproute2')
    console.warn(`no network namespaces here, so not played: ${what}`)
    return false
  }
}

/** Where the first of the machines sits, and the others behind it. */
export const tableAddress = (at: number): string => `169.254.7.${at + 1}`

/**
 * In the room of the machine: the root read-only, cards as disks of their own, tokens in software as
 * devices with a memory of their own until the program ends, no core files.
 */
const script = `set -e
mount --make-rprivate /
while umount -l /run/netns 2>/dev/null; do :; done
while [ "$1" != -- ]; do mount --bind "$1" "$1"; shift; done
shift
while [ "$1" != -- ]; do
  mount --bind "$1" /mnt
  mount -t tmpfs tmpfs "$1"
  cp -a /mnt/. "$1"
  umount /mnt
  shift
done
shift
mount -o remount,bind,ro /
ulimit -c 0
unset NODE_COMPILE_CACHE
exec "$@"
`

export interface Devices {
  readonly cards: readonly string[]
  /** Directories of tokens in software that lie on no card. */
  readonly tokens?: readonly string[]
}

export class Wires implements Disposable {
  readonly names: readonly string[]
  readonly #script: string

  /** `home`: a directory for the script of the machines. */
  constructor(names: readonly string[], home: string) {
    this.names = names
    this.#script = join(home, 'machine.sh')
    writeFileSync(this.#script, script)
    for (const name of [...names, bridge]) ip('netns', 'add', spaceOf(name))
    this.inside(bridge, 'ip', 'link', 'add', 'br0', 'type', 'bridge')
    this.inside(bridge, 'ip', 'link', 'set', 'br0', 'up')
    for (const [at, name] of names.entries()) {
      const [near, far] = [`tn${pid}-${at}`.slice(0, 15), `tf${pid}-${at}`.slice(0, 15)]
      ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far)
      ip('link', 'set', near, 'netns', spaceOf(name))
      ip('link', 'set', far, 'netns', spaceOf(bridge))
      this.inside(bridge, 'ip', 'link', 'set', far, 'master', 'br0', 'up')
      this.inside(name, 'ip', 'addr', 'add', `${tableAddress(at)}/16`, 'dev', near)
      this.inside(name, 'ip', 'link', 'set', near, 'up')
    }
  }

  /** Machines and the bridge between them. */
  get spaces(): readonly string[] {
    return [...this.names, bridge]
  }

  inside(name: string, ...words: readonly string[]): string {
    return ip('netns', 'exec', spaceOf(name), ...words)
  }

  /** What to say before a program that runs there, on the whole disk of this machine. */
  at(name: string): readonly string[] {
    return ['ip', 'netns', 'exec', spaceOf(name)]
  }

  /** As a Station is: directories that exist are its cards, and nothing else can be written. */
  machine(name: string, { cards, tokens = [] }: Devices): readonly string[] {
    return [...this.at(name), 'sh', this.#script, ...cards, '--', ...tokens, '--']
  }

  /** A second cable, up, with an address that a router carries, and a way to everywhere. */
  uplink(name: string): Disposable {
    const far = `uf${pid}`.slice(0, 15)
    const here = (...words: readonly string[]) => this.inside(name, 'ip', ...words)
    here('link', 'add', uplinkName, 'type', 'veth', 'peer', 'name', far)
    here('link', 'set', far, 'netns', spaceOf(bridge))
    this.inside(bridge, 'ip', 'link', 'set', far, 'up')
    here('addr', 'add', '192.0.2.7/24', 'dev', uplinkName)
    here('link', 'set', uplinkName, 'up')
    here('route', 'add', 'default', 'via', '192.0.2.1')
    return { [Symbol.dispose]: () => void here('link', 'del', uplinkName) }
  }

  /** The cable to the table is pulled out. */
  unplugged(name: string): Disposable {
    const at = this.names.indexOf(name)
    const [near, address] = [`tn${pid}-${at}`.slice(0, 15), `${tableAddress(at)}/16`]
    this.inside(name, 'ip', 'addr', 'del', address, 'dev', near)
    return {
      [Symbol.dispose]: () => void this.inside(name, 'ip', 'addr', 'add', address, 'dev', near),
    }
  }

  [Symbol.dispose](): void {
    for (const name of this.spaces) ip('netns', 'del', spaceOf(name))
  }
}

export const uplinkName = 'up0'
const bridge = 'bridge'
const spaceOf = (name: string): string => `table-${pid}-${name}`
