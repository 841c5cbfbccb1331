/**
 * Where tests pay on Tron: the stand-in, or a test network that whoever runs them names. By default
 * it is the stand-in; `CUSTODY_TRON=FILE` names a JSON file with `network` (as in a policy), `rpc` (a
 * list of base addresses), `secretFile` (a key of 64 hex characters that holds some TRX there, and
 * nothing anywhere else) and, where tokens are to be paid too, `token` (a TRC-20 that it holds).
 */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { openTronRpc } from '../../coordinator/chain-rpc/tron.ts'
import type { TronRpc } from '../../coordinator/chain-rpc/tron-rpc.ts'
import { parseTronAddress, tronAddress } from '../../policy/chain/tron-address.ts'
import { parseNetwork } from '../../policy/intent.ts'
import { endpoints, readConfig } from '../../proto/config.ts'
import { fromHex, sha256, toUtf8 } from '../../proto/crypto.ts'
import { refuse } from '../../proto/refusal.ts'
import { objectWith, type Reader, text } from '../../proto/shape.ts'
import { anvilInstalled } from './anvil.ts'
import { unwatched } from './chain-watch.ts'
import { startTronChain } from './tron-chain.ts'
import { tronUsdt } from './tron-documents.ts'

export const tronPlaceFile = process.env['CUSTODY_TRON'] ?? ''
/** The stand-in's tokens are on a real EVM. */
export const hasTronPlace = tronPlaceFile !== '' || anvilInstalled

export interface TronPlace {
  readonly network: string
  readonly rpc: TronRpc
  readonly secret: Uint8Array
  readonly from: string
  /** Undefined where no token is named. */
  readonly token: string | undefined
  /** About the time of a block. */
  readonly blockMs: number
  close(): Promise<void>
}

/** The main network of Tron, by its genesis block: nothing is paid there by a test. */
const mainNetwork = 'tron:0x2b6653dc'

const network: Reader<string> = (value, path) => {
  const read = parseNetwork(text(48)(value, path))
  if (read.startsWith('tron:') && read !== mainNetwork) return read
  return refuse('CONFIG', `${path}: expected a test network of Tron, got ${read}`)
}
const token: Reader<string> = (value, path) => parseTronAddress(text(42)(value, path))
const shape = objectWith({ network, rpc: endpoints, secretFile: text(4_096) }, { token })

export function openTronPlace(file = tronPlaceFile): Promise<TronPlace> {
  return file === '' ? standIn() : named(file)
}

async function named(file: string): Promise<TronPlace> {
  const {
    network: of,
    rpc: urls,
    secretFile,
    token: paid,
  } = readConfig(readFileSync(file, 'utf8'), shape)
  const written = readFileSync(resolve(dirname(file), secretFile), 'utf8').trim()
  const secret = fromHex(written)
  if (secret?.length !== 32) return refuse('CONFIG', 'secretFile: expected 64 hex characters')
  const now = Date.now
  return {
    ...{ network: of, secret, from: addressOf(secret), token: paid, blockMs: 3_000 },
    rpc: openTronRpc({ ...unwatched, now, network: of, urls, timeoutMs: 10_000 }),
    close: async () => {},
  }
}

async function standIn(): Promise<TronPlace> {
  const chain = await startTronChain(Date.now)
  const secret = sha256(toUtf8('a key on a stand-in'))
  const from = addressOf(secret)
  await chain.fund(from)
  let mining = Promise.resolve()
  const blocks = setInterval(() => {
    mining = mining.then(() => chain.sim.mine())
  }, 50)
  return {
    ...{ network: chain.sim.network, rpc: chain.rpc, secret, from, token: tronUsdt, blockMs: 50 },
    close: async () => {
      clearInterval(blocks)
      await mining
      await chain.stop()
    },
  }
}

function addressOf(secret: Uint8Array): string {
  return tronAddress(secp256k1.getPublicKey(secret, true))
}
