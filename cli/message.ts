// A message from a file: typed data as wallets are given it (`eth_signTypedData_v4`), or plain
// text, which is a declaration. Numbers, capitals and the type of the domain are written in many
// ways there and in one way here; what is not the same message in our form is refused.
import { readFileSync } from 'node:fs'
import { typedEvmAddress } from '../policy/chain/evm-address.ts'
import { type Message, messageText, parseMessage } from '../policy/chain/evm-message.ts'
import { listOf } from '../policy/chain/evm-typed-form.ts'
import type { Json, JsonObject } from '../proto/jcs.ts'
import { text } from '../proto/jcs.ts'
import { limits } from '../proto/limits.ts'
import { refuse } from '../proto/refusal.ts'

/** As the intent carries it. */
export function messageFile(file: string): string {
  const bytes = readFileSync(file)
  if (bytes.length > 4 * limits.messageBytesMax) {
    refuse('TOO_LARGE', `message: expected a small file, got ${bytes.length} bytes`)
  }
  return messageText(typedMessage(bytes.toString('utf8')))
}

export function typedMessage(written: string): Message {
  if (!written.trimStart().startsWith('{')) {
    // Editors end a file with a line's end, which nobody means to sign.
    return parseMessage(text({ declaration: written.replace(/\r?\n$/, '') }))
  }
  const source = objectOf(parsed(written), 'typed data')
  const types = objectOf(source['types'], 'types')
  const { EIP712Domain: ofDomain, ...structs } = types
  const domain = domainOf(objectOf(source['domain'], 'domain'))
  if (ofDomain !== undefined) requireDomainType(ofDomain, domain)
  const primaryType = source['primaryType']
  if (typeof primaryType !== 'string') return bad('no primaryType')
  const message = ourForm(primaryType, source['message'], structs)
  return parseMessage(text({ domain, message, primaryType, types: structs }))
}

function parsed(written: string): Json {
  try {
    return JSON.parse(written) as Json
  } catch {
    return bad('no JSON')
  }
}

const domainTypes = [
  ['name', 'string'],
  ['version', 'string'],
  ['chainId', 'uint256'],
  ['verifyingContract', 'address'],
] as const

function domainOf(written: JsonObject): JsonObject {
  const known = new Set<string>(domainTypes.map(([name]) => name))
  const other = Object.keys(written).find((name) => !known.has(name))
  if (other !== undefined) bad(`a domain with ${other}`)
  const fields = domainTypes.flatMap(([name, type]) =>
    written[name] === undefined ? [] : [[name, atomOf(type, written[name])] as const],
  )
  return Object.fromEntries(fields)
}

/** What it says of the domain must be what the domain has, or wallets would hash another. */
function requireDomainType(written: Json, domain: JsonObject): void {
  const expected = domainTypes
    .filter(([name]) => Object.hasOwn(domain, name))
    .map(([name, type]) => ({ name, type }))
  if (text(written) !== text(expected)) bad('another EIP712Domain than the domain has')
}

function ourForm(type: string, value: Json | undefined, structs: JsonObject): Json {
  const list = listOf(type)
  if (list !== undefined) {
    if (!Array.isArray(value)) return bad(`${type}: no list`)
    return value.map((item: Json) => ourForm(list.of, item, structs))
  }
  const members = structs[type]
  if (members === undefined) return atomOf(type, value)
  if (!Array.isArray(members)) return bad(`${type}: members that are no list`)
  const written = objectOf(value, type)
  const types = new Map(members.map((one: Json) => memberOf(one)))
  return Object.fromEntries(
    Object.entries(written).map(([name, item]) => {
      const of = types.get(name) ?? bad(`${type}: a field ${name} that it does not have`)
      return [name, ourForm(of, item, structs)] as const
    }),
  )
}

function memberOf(value: Json): readonly [string, string] {
  const { name, type } = objectOf(value, 'a member')
  if (typeof name !== 'string' || typeof type !== 'string') return bad('a member without a name')
  return [name, type]
}

function atomOf(type: string, value: Json | undefined): Json {
  if (/^u?int/.test(type)) return integerOf(type, value)
  if (type === 'bool')
    return typeof value === 'boolean' ? value : bad('bool: neither true nor false')
  if (typeof value !== 'string') return bad(`${type}: no text`)
  if (type === 'address') return typedEvmAddress(value, 'address')
  return type.startsWith('bytes') ? value.toLowerCase() : value
}

/** Decimal text, hex text, or a number that JSON holds exactly. */
function integerOf(type: string, value: Json | undefined): string {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return `${value}`
  if (typeof value !== 'string' || !/^(?:-?[0-9]{1,78}|0x[0-9a-fA-F]{1,64})$/.test(value)) {
    return bad(`${type}: no integer that is exact`)
  }
  return BigInt(value).toString()
}

function objectOf(value: Json | undefined, what: string): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : bad(`${what}: no object`)
}

function bad(got: string): never {
  return refuse('INVALID_INTENT', `message: expected a text or typed data, got ${got}`)
}
