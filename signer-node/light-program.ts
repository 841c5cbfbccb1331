// The light witness as a program: wiring only. Opens the two sealed keys that it has, serves the
// two local doors of a node and dials out.
//   custody-signer --witness --config FILE [--credential FILE | --passphrase-fd N]
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { ed25519PublicKey, ed25519Signer } from '../proto/crypto.ts'
import { parseNodeId } from '../proto/ids.ts'
import { openWithPassphrase } from '../proto/seal.ts'
import { serveAdmin } from './admin.ts'
import { Secret } from './dkls23/secret.ts'
import { FloorFile } from './floor-file.ts'
import { type Health, serveHealth } from './health.ts'
import { type LightConfig, parseLightConfig } from './light-config.ts'
import { LightWitness } from './light-witness.ts'
import type { Links } from './link.ts'
import { fromWhere, openNodeKey, unsealed } from './own-keys.ts'
import { openStore, readPassphrase, roomOf } from './places.ts'
import type { Event } from './ports.ts'
import {
  cannotRun,
  clock,
  endOnFault,
  lastGrace,
  logger,
  look,
  openLinks,
  outliveHangup,
  random,
  report,
  stopSignals,
  tickMs,
  voice,
} from './program.ts'
import type { WitnessSelf } from './self.ts'
import { basicCheck } from './self-check-basic.ts'
import type { Opener } from './way-in.ts'

type Running = LightConfig & { readonly reread: () => LightConfig }

async function run(config: Running, source: string | number): Promise<void> {
  process.umask(0o077)
  outliveHangup()
  endOnFault()
  look(config.env)
  const stopping = stopSignals()
  basicCheck(clock, random)
  const self = openSelf(config, source)
  report(unsealed('scrypt', fromWhere(source)))
  const watch: { health?: Health; links?: Links } = {}
  const told = (event: Event): void => {
    watch.health?.count(event)
    report(event)
  }
  const room = roomOf(config, { clock, report: told })
  const store = openStore(config, room)
  const witness = new LightWitness(
    { self, origin: config.origin, rootDigest: config.root },
    { store, room, place: new FloorFile(config.floorDir, config.node) },
    {
      clock,
      random,
      send: (coordinator, frame) => watch.links?.send(coordinator, frame),
      pause: (work) => void setImmediate(work),
      report: told,
    },
  )
  const health = await serveHealth(config.healthListen, () => witness.status())
  watch.health = health
  const admin = await serveAdmin(config.adminSocket, witness, voice)
  const links = openLinks(config, witness, told)
  watch.links = links
  const ticking = setInterval(() => {
    for (const one of [links, witness]) setImmediate(() => one.tick())
  }, tickMs)
  links.tick()
  const { host, port } = config.healthListen
  logger.info(`ready: witness ${config.node}, health ${host}:${port}, admin ${config.adminSocket}`)

  await stopping.asked
  lastGrace()
  clearInterval(ticking)
  links.stop()
  admin.close()
  health.close()
  witness[Symbol.dispose]()
  store.close()
  logger.info('stopped')
}

function openSelf(config: LightConfig, source: string | number): WitnessSelf {
  const { org, env, keys } = config
  const owner = { org, env, node: parseNodeId(config.node) }
  using passphrase = readPassphrase(source)
  const way: Opener = {
    open: (bytes, thing) => new Secret(openWithPassphrase(bytes, thing, passphrase.bytes)),
  }
  using identity = openNodeKey(keys.identity, 'identity', owner, way)
  using witness = openNodeKey(keys.witness, 'witness', owner, way)
  return {
    ...owner,
    x: undefined,
    sign: ed25519Signer(identity.bytes),
    identity: ed25519PublicKey(identity.bytes),
    witness: {
      publicKey: ed25519PublicKey(witness.bytes),
      sign: ed25519Signer(witness.bytes),
    },
  }
}

const usage =
  'usage: custody-signer --witness --config FILE [--credential FILE | --passphrase-fd N]'
const options = {
  witness: { type: 'boolean' },
  config: { type: 'string' },
  credential: { type: 'string' },
  'passphrase-fd': { type: 'string' },
} as const

interface Given {
  readonly file: string
  readonly source: string | number | undefined
}

/** Undefined for words that are none. */
function readArguments(): Given | undefined {
  try {
    const { values } = parseArgs({ options })
    const { config: file, credential, 'passphrase-fd': descriptor } = values
    if (file === undefined || (credential !== undefined && descriptor !== undefined)) return
    if (descriptor === undefined) return { file, source: credential }
    return /^[0-9]{1,4}$/.test(descriptor) ? { file, source: Number(descriptor) } : undefined
  } catch {
    return undefined
  }
}

async function main(): Promise<void> {
  const given = readArguments()
  if (given === undefined) {
    console.error(usage)
    process.exitCode = 2
    return
  }
  const { file, source } = given
  const reread = (): LightConfig =>
    parseLightConfig(readFileSync(file, 'utf8'), dirname(resolve(file)))
  const config = { ...reread(), reread }
  await run(config, source ?? config.credential)
}

main().catch(cannotRun)
