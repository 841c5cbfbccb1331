// The signer node as a program: wiring only. Reads one configuration, opens the sealed keys with
// the passphrase of the credential file or by its token, checks itself, serves its two local doors
// and dials out. Time, randomness and timers enter here; everything else is handed to the node.
//   custody-signer --config FILE [--credential FILE | --passphrase-fd N | --locked]
// Commands beside it are `commands.ts`.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ed25519PublicKey, ed25519Signer } from '../proto/crypto.ts'
import { parseNodeId } from '../proto/ids.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { serveAdmin } from './admin.ts'
import { CommandUsage } from './command.ts'
import { commandOf, commandUsage, isUnreadable } from './commands.ts'
import { parseSignerConfig, type SignerConfig } from './config.ts'
import type { Curve } from './dkls23/curve.ts'
import type { Secret } from './dkls23/secret.ts'
import { FloorFile } from './floor-file.ts'
import { type Health, serveHealth } from './health.ts'
import type { Links } from './link.ts'
import { SignerNode } from './node.ts'
import { openKeystore } from './opening.ts'
import { openNodeKey } from './own-keys.ts'
import { openStore, readPassphrase, roomOf } from './places.ts'
import type { Event } from './ports.ts'
import {
  cannotRun,
  clock,
  endOnFault,
  logger,
  openLinks,
  outliveHangup,
  random,
  report,
  stopSignal,
  tickMs,
} from './program.ts'
import type { Self } from './self.ts'
import { selfCheck } from './self-check.ts'
import { openTerminal } from './terminal.ts'
import { Threads } from './threads.ts'
import { type Choice, chooseCurve } from './twin.ts'
import { locked, type Source, wayOf } from './wake.ts'
import type { WayIn } from './way-in.ts'

type Running = SignerConfig & { readonly reread: () => SignerConfig }

/** One core is left for the loop that serves. */
const threadCount = Math.max(1, availableParallelism() - 1)
const drainMs = limits.sessionTimeoutMs

async function run(config: Running, way: WayIn): Promise<void> {
  const { curve, warning } = openCurve(config.curve)
  selfCheck(curve, clock, random)
  const self = openSelf(config, way, curve)
  const keystore = openKeystore(config, { way, curve, random })
  const watch: { health?: Health; links?: Links } = {}
  const told = (event: Event): void => {
    watch.health?.count(event)
    report(event)
  }
  const room = roomOf(config, { clock, report: told })
  const store = openStore(config, room)
  const threading = { count: threadCount, curve: config.curve, random, clock }
  const threads = new Threads({ ...threading, report: told })
  const node = new SignerNode(
    { self, origin: config.origin, rootDigest: config.root },
    {
      store,
      keystore,
      place: new FloorFile(config.floorDir, config.node),
      room,
    },
    {
      clock,
      random,
      send: (coordinator, frame) => watch.links?.send(coordinator, frame),
      defer: (work) => void setImmediate(work),
      pause: (work) => void setImmediate(work),
      report: told,
      runner: threads,
    },
  )
  const health = await serveHealth(config.healthListen, () => node.status())
  watch.health = health
  if (warning !== undefined) health.count(warning)
  const admin = await serveAdmin(config.adminSocket, node)
  const links = openLinks(config, node, told)
  watch.links = links
  const ticking = setInterval(() => {
    links.tick()
    threads.tick()
    node.tick()
  }, tickMs)
  links.tick()
  const { host, port } = config.healthListen
  logger.info(`ready: signer ${config.node}, health ${host}:${port}, admin ${config.adminSocket}`)

  await stopSignal()
  logger.info('draining')
  node.drain()
  await idle(node)
  clearInterval(ticking)
  links.stop()
  admin.close()
  health.close()
  node[Symbol.dispose]()
  await threads.close()
  self.secret[Symbol.dispose]()
  keystore[Symbol.dispose]()
  store.close()
  logger.info('stopped')
}

/** With what must be said of it, which metrics count too once they are open. */
function openCurve(name: SignerConfig['curve']): Choice {
  const choice = chooseCurve(name)
  if (choice.warning !== undefined) report(choice.warning)
  choice.curve.points.blind(random(32))
  return choice
}

function openSelf(config: SignerConfig, way: WayIn, curve: Curve): Self {
  const { keys } = config
  const owner = ownerOf(config)
  using identity = openNodeKey(keys.identity, 'identity', owner, way)
  using witness = openNodeKey(keys.witness, 'witness', owner, way)
  return {
    ...owner,
    x: config.x,
    sign: ed25519Signer(identity.bytes),
    identity: ed25519PublicKey(identity.bytes),
    witness: {
      publicKey: ed25519PublicKey(witness.bytes),
      sign: ed25519Signer(witness.bytes),
    },
    secret: openNodeKey(keys.secret, 'secret', owner, way),
    curve,
  }
}

/** What runs may finish, within the time that a session may take. */
async function idle(node: SignerNode): Promise<void> {
  const endMs = clock.monotonicMs() + drainMs
  while (!node.isIdle && clock.monotonicMs() < endMs) {
    await new Promise((done) => setTimeout(done, tickMs))
  }
}

const usage = [
  'usage:',
  'custody-signer --config FILE [--credential FILE | --passphrase-fd N | --locked]',
  'custody-signer --witness --config FILE [--credential FILE | --passphrase-fd N]',
  ...commandUsage,
]
const options = {
  config: { type: 'string' },
  credential: { type: 'string' },
  'passphrase-fd': { type: 'string' },
  locked: { type: 'boolean', default: false },
} as const

interface Given {
  readonly file: string
  readonly source?: Source
}

function readArguments(): Given | undefined {
  const { values } = parseArgs({ options })
  const { config: file, credential, 'passphrase-fd': descriptor, locked: isLocked } = values
  const sources = [credential, descriptor, isLocked || undefined].filter((one) => one !== undefined)
  if (file === undefined || sources.length > 1) return undefined
  if (isLocked) return { file, source: locked }
  if (credential !== undefined) return { file, source: credential }
  if (descriptor === undefined) return { file }
  return /^[0-9]{1,4}$/.test(descriptor) ? { file, source: Number(descriptor) } : undefined
}

function readCredential(credential: string | number): Secret {
  try {
    return readPassphrase(credential)
  } catch (error) {
    if (!isUnreadable(error)) throw error
    return refuse('CONFIG', `credential: ${error.message}`)
  }
}

function ownerOf({ org, env, node }: SignerConfig) {
  return { org, env, node: parseNodeId(node) }
}

async function main(): Promise<void> {
  const words = process.argv.slice(2)
  const command = commandOf(words)
  if (command !== undefined) {
    const world = {
      random,
      wallMs: clock.wallMs,
      isTerminal: process.stdout.isTTY === true,
      curve: (name: SignerConfig['curve']) => openCurve(name).curve,
      terminal: openTerminal,
    }
    console.log(JSON.stringify(await command(world)))
    return
  }
  const given = attempted(readArguments)
  if (given === undefined) throw new CommandUsage()
  const reread = (): SignerConfig =>
    parseSignerConfig(readFileSync(given.file, 'utf8'), dirname(resolve(given.file)))
  const config = { ...reread(), reread }
  const { source = config.credential } = given
  // Also for what is open to others only for a moment, such as a socket between listen and chmod.
  process.umask(0o077)
  outliveHangup()
  endOnFault()
  const say = (line: string): void => logger.info(line)
  const way = await wayOf(config, source, { random, clock, report, say, read: readCredential })
  await run(config, way)
}

/** Words that the parser does not know are no words. */
function attempted<T>(read: () => T | undefined): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

main().catch((error: unknown) => {
  if (error instanceof CommandUsage || isUnreadable(error)) {
    const because = error instanceof CommandUsage ? usage.join('\n  ') : error.message
    console.error(because)
    process.exit(2)
  }
  cannotRun(error)
})
