// Typed data (EIP-712) as a value: the domain, and a tree of atoms, each with the one text that
// contract calls give it (`evm-abi.ts`). Read strictly from canonical JSON: exactly the fields of
// each struct, and the domain of one contract: name, chain, contract, and a version where it has
// one. INVARIANT: write(read(j)) = j, so what people see is what is hashed.
// Whether a message may be signed is the policy's to say (`policy/messages.ts`).
import { concat, keccak256, toUtf8 } from '../../proto/crypto.ts'
import type { Json, JsonObject } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { parseEvmAddress } from './evm.ts'
import { type AbiType, contentOf, parseValue, quoted, unquoted, wordOf } from './evm-abi.ts'
import {
  bad,
  listOf,
  type Member,
  neededBy,
  requireForm,
  type Structs,
  type TypedForm,
  typeText,
} from './evm-typed-form.ts'

export interface Domain {
  readonly name: string
  readonly version?: string
  readonly chainId: bigint
  readonly verifyingContract: string
}

type Value =
  | { readonly kind: 'atom'; readonly type: AbiType; readonly text: string }
  | { readonly kind: 'list'; readonly of: string; readonly items: readonly Value[] }
  | {
      readonly kind: 'struct'
      readonly of: string
      readonly fields: ReadonlyMap<string, Value>
    }

export interface Typed extends TypedForm {
  readonly domain: Domain
  readonly value: Value
}

/** What a value says at one place. */
export interface Leaf {
  /** `details.amount`, `orders[0].to`. */
  readonly path: string
  /** As `placesIn` calls it: `orders[].to`. */
  readonly place: string
  readonly type: string
  readonly text: string
}

export function readTyped(value: Json): Typed {
  const written = objectOf(value, 'typed data', ['domain', 'message', 'primaryType', 'types'])
  const form = { primaryType: textAt(written, 'primaryType'), structs: readStructs(written) }
  requireForm(form)
  const domain = readDomain(written['domain'])
  const budget = { leaves: limits.messageLeavesMax }
  const read = readValue(form.primaryType, written['message'], { structs: form.structs, budget })
  return { ...form, domain, value: read }
}

export function writeTyped({ primaryType, structs, domain, value }: Typed): JsonObject {
  const { chainId, ...named } = domain
  const types = [...structs].map(([name, members]) => [name, members.map((one) => ({ ...one }))])
  return {
    domain: { ...named, chainId: chainId.toString() },
    message: writeValue(value),
    primaryType,
    types: Object.fromEntries(types) as JsonObject,
  }
}

/** 32 bytes: what the key signs (EIP-712, `eth_signTypedData`). */
export function hashTyped({ domain, value, structs }: Typed): Uint8Array {
  const own = domainValue(domain)
  const separator = hashStruct(own.value, own.structs)
  return keccak256(concat(Uint8Array.of(0x19, 0x01), separator, hashStruct(value, structs)))
}

/** In order; an empty list is a leaf of its own, so that it is shown as well. */
export function leavesOf({ value }: Pick<Typed, 'value'>): readonly Leaf[] {
  return walk(value, '', '')
}

function walk(value: Value, path: string, place: string): readonly Leaf[] {
  switch (value.kind) {
    case 'atom':
      return [{ path, place, type: value.type, text: value.text }]
    case 'list':
      if (value.items.length === 0) return [{ path, place, type: `${value.of}[]`, text: '[]' }]
      return value.items.flatMap((item, at) => walk(item, `${path}[${at}]`, `${place}[]`))
    case 'struct':
      return [...value.fields].flatMap(([name, one]) =>
        walk(one, below(path, name), below(place, name)),
      )
  }
}

function below(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function readStructs({ types }: JsonObject): Structs {
  if (typeof types !== 'object' || Array.isArray(types)) return bad('types that are no object')
  const found = Object.entries(types as JsonObject).map(([name, members]) => {
    if (!Array.isArray(members)) return bad(`${name}: members that are no list`)
    return [name, members.map((one: Json) => readMember(one))] as const
  })
  return new Map(found)
}

function readMember(value: Json): Member {
  const written = objectOf(value, 'a member', ['name', 'type'])
  return { name: textAt(written, 'name'), type: textAt(written, 'type') }
}

function readDomain(value: Json | undefined): Domain {
  const isVersioned = typeof value === 'object' && Object.hasOwn(value, 'version')
  const keys = ['chainId', 'name', 'verifyingContract', ...(isVersioned ? ['version'] : [])]
  const written = objectOf(value, 'domain', keys)
  const version = isVersioned ? { version: printable(textAt(written, 'version')) } : {}
  return {
    name: printable(textAt(written, 'name')),
    ...version,
    chainId: BigInt(parseValue('uint256', textAt(written, 'chainId'))),
    verifyingContract: parseEvmAddress(textAt(written, 'verifyingContract'), 'domain'),
  }
}

function domainValue({ name, version, chainId, verifyingContract }: Domain) {
  const members: readonly (readonly [string, AbiType, string])[] = [
    ['name', 'string', quoted(name)],
    ...(version === undefined ? [] : [['version', 'string', quoted(version)] as const]),
    ['chainId', 'uint256', chainId.toString()],
    ['verifyingContract', 'address', verifyingContract],
  ]
  const fields = members.map(
    ([one, type, text]) => [one, { kind: 'atom', type, text } as const] as const,
  )
  const structs = new Map([['EIP712Domain', members.map(([one, type]) => ({ name: one, type }))]])
  const value: Value = { kind: 'struct', of: 'EIP712Domain', fields: new Map(fields) }
  return { value, structs }
}

interface Read {
  readonly structs: Structs
  readonly budget: { leaves: number }
}

function readValue(type: string, value: Json | undefined, the: Read): Value {
  const list = listOf(type)
  if (list !== undefined) return readList(list, value, the)
  const members = the.structs.get(type)
  if (members === undefined) return readAtom(type, value, the)
  const written = objectOf(
    value,
    type,
    members.map(({ name }) => name),
  )
  const fields = members.map(
    (one) => [one.name, readValue(one.type, written[one.name], the)] as const,
  )
  return { kind: 'struct', of: type, fields: new Map(fields) }
}

function readList(
  { of, size }: { readonly of: string; readonly size?: number },
  value: Json | undefined,
  the: Read,
): Value {
  if (!Array.isArray(value)) return bad(`${of}[]: no list`)
  if (size !== undefined && value.length !== size) bad(`${of}[${size}]: another length`)
  // An empty one is shown, and is counted like what is shown.
  if (value.length === 0) spend(the)
  return { kind: 'list', of, items: value.map((item: Json) => readValue(of, item, the)) }
}

function readAtom(type: AbiType, value: Json | undefined, the: Read): Value {
  spend(the)
  if (type === 'bool') {
    return typeof value === 'boolean' ? { kind: 'atom', type, text: `${value}` } : bad('no bool')
  }
  if (typeof value !== 'string') return bad(`${type}: no text`)
  const text = parseValue(type, type === 'string' ? quoted(value) : value)
  return { kind: 'atom', type, text }
}

function spend({ budget }: Read): void {
  budget.leaves -= 1
  if (budget.leaves < 0) bad(`more than ${limits.messageLeavesMax} values`)
}

function writeValue(value: Value): Json {
  switch (value.kind) {
    case 'atom':
      if (value.type === 'bool') return value.text === 'true'
      return value.type === 'string' ? unquoted(value.text) : value.text
    case 'list':
      return value.items.map(writeValue)
    case 'struct': {
      const fields = [...value.fields].map(([name, one]) => [name, writeValue(one)] as const)
      return Object.fromEntries(fields)
    }
  }
}

/** EIP-712, `hashStruct`. */
function hashStruct(value: Value, structs: Structs): Uint8Array {
  if (value.kind !== 'struct') return bad('no struct')
  const form = { primaryType: value.of, structs: neededBy(value.of, structs) }
  const typeHash = keccak256(toUtf8(typeText(form)))
  const fields = [...value.fields.values()].map((one) => encoded(one, structs))
  return keccak256(concat(typeHash, ...fields))
}

/** One word: an atom's own, or the hash of what has more than one. */
function encoded(value: Value, structs: Structs): Uint8Array {
  switch (value.kind) {
    case 'atom':
      return wordOf(value.type, value.text) ?? keccak256(contentOf(value.type, value.text))
    case 'list':
      return keccak256(concat(...value.items.map((item) => encoded(item, structs))))
    case 'struct':
      return hashStruct(value, structs)
  }
}

function printable(text: string): string {
  parseValue('string', quoted(text))
  return text
}

/** With exactly these keys. */
function objectOf(value: Json | undefined, what: string, keys: readonly string[]): JsonObject {
  if (typeof value !== 'object' || Array.isArray(value)) return bad(`${what}: no object`)
  const names = Object.keys(value)
  if (names.length !== keys.length || !keys.every((key) => Object.hasOwn(value, key))) {
    bad(`${what}: other keys than ${keys.join(', ')}`)
  }
  return value as JsonObject
}

function textAt(from: JsonObject, key: string): string {
  const value = from[key]
  return typeof value === 'string' ? value : bad(`${key}: no text`)
}
