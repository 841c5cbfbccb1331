// The types of typed data (EIP-712): structs, their members, and the text whose hash names a type.
// A type has one text, and a text is read in that form alone. Refused: recursive structs, unknown
// and aliased types, structs that nothing needs, and wrappers of calls that nobody reads.
import { limits } from '../../proto/limits.ts'
import { refuse } from '../../proto/refusal.ts'
import { isAbiType } from './evm-abi.ts'

export interface Member {
  readonly name: string
  /** `address`, `Person`, `Person[]`, `uint256[2]`. */
  readonly type: string
}

/** By name, every struct that the first one needs; its own name is `primaryType`. */
export type Structs = ReadonlyMap<string, readonly Member[]>

export interface TypedForm {
  readonly primaryType: string
  readonly structs: Structs
}

const wordForm = /^[A-Za-z_][A-Za-z0-9_]{0,63}$/
/** Names that are, or that somebody may take for, atomic types. */
const reserved =
  /^(?:u?int|u?fixed|bytes)[0-9x]*$|^(?:address|bool|string|byte|function|tuple|struct|mapping)$/
/** The domain's own, and what is no name of its own in an object of other libraries. */
const taken: ReadonlySet<string> = new Set(['EIP712Domain', '__proto__'])
const listForm = /^(.+)\[([1-9][0-9]{0,2})?\]$/
const structsMax = 16
const membersMax = 32

/** `Mail(Person from,string text)Person(address wallet)`: what EIP-712 calls `encodeType`. */
export function typeText({ primaryType, structs }: TypedForm): string {
  const others = [...structs.keys()].filter((name) => name !== primaryType).sort()
  return [primaryType, ...others]
    .map((name) => {
      const members = structs.get(name) ?? bad(`no struct ${name}`)
      return `${name}(${members.map((one) => `${one.type} ${one.name}`).join(',')})`
    })
    .join('')
}

/** As `typeText` writes it and in no other form. */
export function parseTypeText(text: string): TypedForm {
  if (text.length > limits.messageBytesMax) bad('a longer type')
  const parts = text.split(')')
  if (parts.pop() !== '') bad('a type that does not end with )')
  const structs = new Map<string, readonly Member[]>()
  for (const part of parts) {
    const [name = '', ...inside] = part.split('(')
    if (inside.length !== 1 || structs.has(name)) bad(`${part}: no struct, or one twice`)
    structs.set(name, membersIn(inside[0] ?? ''))
  }
  const form = { primaryType: parts[0]?.split('(')[0] ?? '', structs }
  requireForm(form)
  return typeText(form) === text ? form : bad('a type in another form than EIP-712 encodes')
}

/** Every atom that the type has, in its order; `[]` stands for any item of a list. */
export function placesIn(form: TypedForm): readonly Member[] {
  return [...placesOf({ name: '', type: form.primaryType }, form.structs)]
}

/** The type of a list's items, and how many there are where it says so. */
export function listOf(type: string): { readonly of: string; readonly size?: number } | undefined {
  const [, of, size] = listForm.exec(type) ?? []
  if (of === undefined) return undefined
  return size === undefined ? { of } : { of, size: Number(size) }
}

/** The structs that this one needs, itself among them. */
export function neededBy(name: string, structs: Structs): Structs {
  const used = new Set<string>()
  requireReachable(name, structs, { used, above: [] })
  return new Map([...structs].filter(([one]) => used.has(one)))
}

/** Names, types, no circle, and no struct that the first one does not need. */
export function requireForm({ primaryType, structs }: TypedForm): void {
  if (structs.size > structsMax) bad(`more than ${structsMax} structs`)
  for (const [name, members] of structs) requireStruct(name, members)
  const used = new Set<string>()
  requireReachable(primaryType, structs, { used, above: [] })
  const idle = [...structs.keys()].find((name) => !used.has(name))
  if (idle !== undefined) bad(`a struct ${idle} that ${primaryType} does not use`)
  // Counted one by one: structs of structs have far more fields than anybody can list.
  let count = 0
  for (const _ of placesOf({ name: '', type: primaryType }, structs)) {
    count += 1
    if (count > limits.messageLeavesMax) bad(`more than ${limits.messageLeavesMax} fields`)
  }
}

export function bad(got: string): never {
  return refuse('BYTES_SHAPE', `message: expected typed data in its one form, got ${got}`, 'typed')
}

function* placesOf({ name, type }: Member, structs: Structs): Generator<Member, void> {
  const list = listOf(type)
  if (list !== undefined) return yield* placesOf({ name: `${name}[]`, type: list.of }, structs)
  const members = structs.get(type)
  if (members === undefined) return yield { name, type }
  for (const one of members) {
    const below = name === '' ? one.name : `${name}.${one.name}`
    yield* placesOf({ name: below, type: one.type }, structs)
  }
}

function membersIn(text: string): readonly Member[] {
  if (text === '') return []
  return text.split(',').map((one) => {
    const [type = '', name = '', ...more] = one.split(' ')
    return more.length === 0 ? { name, type } : bad(`${one}: no type and name`)
  })
}

function requireStruct(name: string, members: readonly Member[]): void {
  if (!wordForm.test(name) || reserved.test(name) || taken.has(name)) {
    bad(`a struct called ${JSON.stringify(name.slice(0, 64))}`)
  }
  if (envelopes.has(name)) {
    refuse('OP_NOT_ALLOWED', `${name}: a wrapper of calls that nobody reads is not signed`, name)
  }
  if (members.length === 0 || members.length > membersMax) {
    bad(`${name}: expected 1 to ${membersMax} members`)
  }
  const names = members.map((one) => one.name)
  if (new Set(names).size !== names.length) bad(`${name}: one name twice`)
  if (!names.every((one) => wordForm.test(one))) bad(`${name}: a member without a name`)
}

interface Reaching {
  readonly used: Set<string>
  readonly above: readonly string[]
}

function requireReachable(name: string, structs: Structs, { used, above }: Reaching): void {
  const members = structs.get(name) ?? bad(`no struct ${JSON.stringify(name.slice(0, 64))}`)
  if (above.includes(name)) bad(`${name}: a struct within itself`)
  // Once is enough: what is below it was looked at, and found without a circle.
  if (used.has(name)) return
  used.add(name)
  for (const { type } of members) {
    const base = baseOf(type)
    if (structs.has(base)) requireReachable(base, structs, { used, above: [...above, name] })
    else if (!isAbiType(base) || base.endsWith(']')) bad(`the type ${type.slice(0, 64)}`)
  }
}

/** At most two lists around it. */
function baseOf(type: string): string {
  const once = listOf(type)?.of ?? type
  return listOf(once)?.of ?? once
}

/** Signed once, they let somebody else choose what is called. */
const envelopes: ReadonlySet<string> = new Set([
  'SafeTx',
  'SafeMessage',
  'MetaTransaction',
  'MetaTx',
  'ForwardRequest',
  'ForwardRequestData',
  'UserOperation',
  'PackedUserOperation',
  'Execute',
  'ExecuteBatch',
  'Call',
  'Batch',
])
