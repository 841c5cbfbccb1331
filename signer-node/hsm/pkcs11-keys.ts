// What keys look like in a token: the templates they are born with, and the reading back of every
// property that matters. Modules drop what they do not know without a word, so nothing counts that
// was not read, and the secret half is tried to be read too.
// Source: PKCS#11 2.40, 4.9 and 4.14. INVARIANT: a key signs, or derives, or decrypts: never two.
import { type Attribute, type Cryptoki, ck, cka, type Handle, type Mechanism } from './cryptoki.ts'
import { fail, type KeyKind } from './token.ts'

const p256Oid = Buffer.from('06082a8648ce3d030107', 'hex')
const exponent = Buffer.from([1, 0, 1])
const modulusBits = 3_072

interface KeyPairTemplate {
  readonly mechanism: Mechanism
  readonly publicKey: readonly Attribute[]
  readonly privateKey: readonly Attribute[]
}

/** CKA_ID is given and not computed: a key that must not be modified cannot be named afterwards. */
export function keyPairOf(kind: KeyKind, id: Buffer, isLasting: boolean): KeyPairTemplate {
  const both = [
    { type: cka.token, value: isLasting },
    { type: cka.id, value: id },
    { type: cka.label, value: `custody ${kind}` },
  ]
  const isRsa = kind === 'rsa'
  const shape = isRsa
    ? [
        { type: cka.modulusBits, value: modulusBits },
        { type: cka.publicExponent, value: exponent },
        { type: cka.encrypt, value: true },
      ]
    : [{ type: cka.ecParams, value: p256Oid }]
  return {
    mechanism: { mechanism: isRsa ? ck.rsaKeyPairGen : ck.ecKeyPairGen },
    publicKey: [
      ...both,
      ...shape,
      ...(kind === 'identity' ? [{ type: cka.verify, value: true }] : []),
    ],
    privateKey: [
      ...both,
      { type: cka.private, value: true },
      { type: cka.sensitive, value: true },
      { type: cka.extractable, value: false },
      { type: cka.modifiable, value: false },
      ...usesOf(kind).map(([type, value]) => ({ type, value })),
    ],
  }
}

/** The shared secret: read at once and destroyed. */
export const derivedTemplate: readonly Attribute[] = [
  { type: cka.class, value: ck.secretKey },
  { type: cka.keyType, value: ck.keyGeneric },
  { type: cka.valueLen, value: 32 },
  { type: cka.token, value: false },
  { type: cka.sensitive, value: false },
  { type: cka.extractable, value: true },
]

export function publicKeyOf(
  cryptoki: Cryptoki,
  session: Handle,
  key: Handle,
  kind: KeyKind,
): Uint8Array {
  const type = numberOf(attributeOf(cryptoki, session, key, cka.keyType))
  if (type !== (kind === 'rsa' ? ck.keyRsa : ck.keyEc))
    fail('wrong-token', `${kind}: wrong key type`)
  if (kind === 'rsa') return modulusOf(attributeOf(cryptoki, session, key, cka.modulus))
  const curve = attributeOf(cryptoki, session, key, cka.ecParams)
  if (!curve.equals(p256Oid)) fail('wrong-token', `${kind}: wrong curve`)
  return pointOf(attributeOf(cryptoki, session, key, cka.ecPoint))
}

/** In words that a card may carry as accepted gaps. */
export function lackingOf(
  cryptoki: Cryptoki,
  session: Handle,
  key: Handle,
  kind: KeyKind,
): readonly string[] {
  const lacking = demandsOf(kind).flatMap(([name, type, wanted]) => {
    const value = tried(() => attributeOf(cryptoki, session, key, type))
    return value?.length === 1 && (value[0] !== 0) === wanted ? [] : [name]
  })
  const secret = kind === 'rsa' ? cka.privateExponent : cka.value
  const shown = tried(() => attributeOf(cryptoki, session, key, secret))
  return shown === undefined || shown.length === 0 ? lacking : [...lacking, 'secret']
}

function demandsOf(kind: KeyKind): readonly (readonly [string, number, boolean])[] {
  const uses = usesOf(kind).map(([type, value]) => [useNames[type], type, value] as const)
  return [
    ['private', cka.private, true],
    ['sensitive', cka.sensitive, true],
    ['always sensitive', cka.alwaysSensitive, true],
    ['never extractable', cka.neverExtractable, true],
    ['extractable', cka.extractable, false],
    ['local', cka.local, true],
    ['modifiable', cka.modifiable, false],
    ...uses,
  ]
}

const useNames = {
  [cka.sign]: 'sign',
  [cka.derive]: 'derive',
  [cka.decrypt]: 'decrypt',
  [cka.unwrap]: 'unwrap',
} as const

function usesOf(kind: KeyKind) {
  return [
    [cka.sign, kind === 'identity'],
    [cka.derive, kind === 'ecdh'],
    [cka.decrypt, kind === 'rsa'],
    [cka.unwrap, false],
  ] as const
}

function attributeOf(cryptoki: Cryptoki, session: Handle, key: Handle, type: number): Buffer {
  return cryptoki.C_GetAttributeValue(session, key, [{ type }])[0]?.value ?? Buffer.alloc(0)
}

function tried<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

function numberOf(bytes: Buffer): number {
  return bytes.length === 0 ? -1 : bytes.readUIntLE(0, Math.min(bytes.length, 6))
}

/** Bare, or in a DER octet string. */
function pointOf(bytes: Buffer): Uint8Array {
  const bare = bytes.length === 67 && bytes[0] === 4 && bytes[1] === 65 ? bytes.subarray(2) : bytes
  if (bare.length !== 65 || bare[0] !== 4) fail('wrong-token', 'a point of another form')
  return new Uint8Array(bare)
}

function modulusOf(bytes: Buffer): Uint8Array {
  const bare = bytes.length === 385 && bytes[0] === 0 ? bytes.subarray(1) : bytes
  if (bare.length !== modulusBits / 8) fail('wrong-token', 'an rsa key of another size')
  return new Uint8Array(bare)
}
