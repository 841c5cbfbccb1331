// The signer node as a program: wiring only. Reads one configuration, opens the sealed keys with
// the passphrase of the credential file or by its token, checks itself, serves its two local doors
// and dials out. Time, randomness and timers enter here; everything else is handed to the node.
// How it and the commands beside it are used: `commands.ts`.
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, resolve } from 'node:path'
import { ed25519PublicKey, ed25519Signer } from '../proto/crypto.ts'
import { parseNodeId } from '../proto/ids.ts'
import { pathFault } from '../proto/io/path-fault.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'
import { serveAdmin } from './admin.ts'
import { CommandUsage } from './command.ts'
import { isUnreadable } from './command-table.ts'
import { signerCommands, startCommand } from './commands.ts'
import { readWords, text, yes } from './commands-words.ts'
import { parseSignerConfig, type SignerConfig } from './config.ts'
import type { Curve } from './dkls23/curve.ts'
import type { Secret } from './dkls23/secret.ts'
import { FloorFile } from './floor-file.ts'
import { type Health, serveHealth } from './health.ts'
import type { Links } from './link.ts'
import { SignerNode } from './node.ts'
import { dropUnfinished, openKeystore } from './opening.ts'
import { fromWhere, type NodeKeys, openNodeKeys, unsealed } from './own-keys.ts'
import { openStore, readPassphrase, roomOf } from './places.ts'
import type { Event } from './ports.ts'
import {
  cannotRun,
  clock,
  endOnFault,
  isForPeople,
  jsonFlag,
  lastGrace,
  logger,
  look,
  openLinks,
  outliveHangup,
  random,
  report,
  type Stopping,
  stopSignals,
  tickMs,
  voice,
} from './program.ts'
import { answerText } from './said.ts'
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
/** No session lasts longer. */
const drainMs = limits.freshSessionTimeoutMs

interface Opened {
  readonly way: WayIn
  /** Where the passphrase came from. */
  readonly wordFrom: string
}

async function run(config: Running, { way, wordFrom }: Opened, stopping: Stopping): Promise<void> {
  // Beside the checks: in threads of the runtime.
  const opening = openNodeKeys(config.keys, ownerOf(config), way)
  const { curve, warning } = openCurve(config.curve)
  selfCheck(curve, clock, random)
  const self = selfOf(config, await opening, curve)
  // A token has said so already.
  if (config.keystore.stanza === 'passphrase') report(unsealed('scrypt', wordFrom))
  const keystore = openKeystore(config, { way, curve, random })
  const watch: { health?: Health; links?: Links } = {}
  const told = (event: Event): void => {
    watch.health?.count(event)
    report(event)
  }
  const room = roomOf(config, { clock, report: told })
  const store = openStore(config, room)
  dropUnfinished(config)
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
  const admin = await serveAdmin(config.adminSocket, node, voice)
  const links = openLinks(config, node, told)
  watch.links = links
  // Each in its own turn: dialling, or ending a thread, takes its time.
  const ticking = setInterval(() => {
    for (const one of [links, threads, node]) setImmediate(() => one.tick())
  }, tickMs)
  links.tick()
  const { host, port } = config.healthListen
  logger.info(`ready: signer ${config.node}, health ${host}:${port}, admin ${config.adminSocket}`)

  await stopping.asked
  await drained(node, stopping)
  lastGrace()
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

function selfOf(config: SignerConfig, keys: NodeKeys, curve: Curve): Self {
  using identity = keys.identity
  using witness = keys.witness
  return {
    ...ownerOf(config),
    x: config.x,
    sign: ed25519Signer(identity.bytes),
    identity: ed25519PublicKey(identity.bytes),
    witness: {
      publicKey: ed25519PublicKey(witness.bytes),
      sign: ed25519Signer(witness.bytes),
    },
    secret: keys.secret,
    curve,
  }
}

/** What runs may finish, within the time that a session may take, or until somebody insists. */
async function drained(node: SignerNode, { isUrged }: Stopping): Promise<void> {
  node.drain()
  const { sessions, waitingReleases } = node.status()
  logger.info({ sessions, waitingReleases }, 'draining')
  const endMs = clock.monotonicMs() + drainMs
  while (!node.isIdle && !isUrged() && clock.monotonicMs() < endMs) {
    await new Promise((done) => setTimeout(done, tickMs))
  }
  const left = node.status()
  const aborted = left.sessions + left.waitingReleases
  if (aborted > 0) logger.warn({ aborted }, isUrged() ? 'asked twice' : 'drained too long')
}

interface Given {
  readonly file: string
  readonly source?: Source
}

function readArguments(words: readonly string[]): Given {
  const options = { config: text, credential: text, 'passphrase-fd': text, locked: yes }
  const read = readWords(words, { options, needed: ['config'] })
  read.oneOf('credential', 'passphrase-fd', 'locked')
  const file = read.text('config')
  if (read.is('locked')) return { file, source: locked }
  const source = read.descriptor('passphrase-fd') ?? read.flag('credential')
  return source === undefined ? { file } : { file, source }
}

function readCredential(credential: string | number): Secret {
  try {
    return readPassphrase(credential)
  } catch (error) {
    if (!isUnreadable(error)) throw error
    return refuse('CONFIG', `credential: ${pathFault(error) ?? error.message}`)
  }
}

function ownerOf({ org, env, node }: SignerConfig) {
  return { org, env, node: parseNodeId(node) }
}

/** An answer of a command: lines for a person, else one line of JSON. */
async function answered(
  command: NonNullable<ReturnType<typeof signerCommands.commandOf>>,
): Promise<void> {
  const answer = await command({
    random,
    wallMs: clock.wallMs,
    isTerminal: process.stdout.isTTY === true,
    curve: (name: SignerConfig['curve']) => openCurve(name).curve,
    terminal: openTerminal,
  })
  console.log(isForPeople(process.stdout) ? answerText(answer) : JSON.stringify(answer))
}

async function main(): Promise<void> {
  const words = process.argv.slice(2).filter((word) => word !== jsonFlag)
  const help = signerCommands.helpOf(words)
  if (help !== undefined) return console.log(help)
  const command = signerCommands.commandOf(words)
  if (command !== undefined) return answered(command)
  const given = started(words)
  const reread = (): SignerConfig =>
    parseSignerConfig(readFileSync(given.file, 'utf8'), dirname(resolve(given.file)))
  const config = { ...reread(), reread }
  const { source = config.credential } = given
  // Also for what is open to others only for a moment, such as a socket between listen and chmod.
  process.umask(0o077)
  outliveHangup()
  endOnFault()
  const say = (line: string): void => logger.info(line)
  look(config.env)
  const stopping = stopSignals()
  const world = { random, clock, report, say, read: readCredential }
  const way = await Promise.race([wayOf(config, source, world), stopping.asked])
  // Nothing is open before there is a way in: a node that waits for an operator just ends.
  if (way === undefined) return stoppedWaiting()
  await run(config, { way, wordFrom: fromWhere(source) }, stopping)
}

function stoppedWaiting(): never {
  logger.info('stopped')
  process.exit(0)
}

function started(words: readonly string[]): Given {
  if (words.length === 0) throw new CommandUsage('missing: a command, or --config')
  try {
    return readArguments(words)
  } catch (error) {
    if (!(error instanceof CommandUsage)) throw error
    throw new CommandUsage(error.message, startCommand)
  }
}

main().catch((error: unknown) => {
  if (error instanceof CommandUsage) {
    const { message, command } = error
    const usage = command ? signerCommands.usageOf(command) : signerCommands.usage()
    console.error(`custody-signer: ${message}\n${usage}`)
    process.exit(2)
  }
  const unreadable = signerCommands.unreadable(error, process.argv.slice(2))
  if (unreadable !== undefined) {
    console.error(`custody-signer: ${unreadable}`)
    process.exit(2)
  }
  cannotRun(error)
})
