// Small documents that a token keeps beside its keys, private: nobody without the PIN reads, makes
// or destroys one. As data objects; or, in modules that keep none (NSS), as the label of a secret
// key that means nothing and is called otherwise each time, because such modules write a second key
// of one id over the first. Which of the two is found by trying, and both are read.
// Source: PKCS#11 2.40, 4.5. INVARIANT: an object that is not private is not ours, whoever made it.
import { type Attribute, type Cryptoki, ck, cka, type Handle } from './cryptoki.ts'

interface Form {
  /** Ours are among these. */
  readonly among: readonly Attribute[]
  /** Where our mark stands, and where the document. */
  readonly mark: number
  readonly place: number
  readonly more: readonly Attribute[]
}

const mark = 'custody floor '

export const keptForms: readonly Form[] = [
  {
    among: [
      { type: cka.class, value: ck.dataObject },
      { type: cka.private, value: true },
    ],
    mark: cka.application,
    place: cka.value,
    more: [{ type: cka.label, value: mark.trim() }],
  },
  {
    among: [
      { type: cka.class, value: ck.secretKey },
      { type: cka.private, value: true },
    ],
    mark: cka.id,
    place: cka.label,
    more: [
      { type: cka.keyType, value: ck.keyGeneric },
      { type: cka.sensitive, value: true },
      { type: cka.extractable, value: false },
      { type: cka.value, value: Buffer.alloc(16, 1) },
    ],
  },
]

/** `fresh`: no other object is called so. */
export function keepAs(
  form: Form,
  cryptoki: Cryptoki,
  session: Handle,
  { bytes, fresh }: { readonly bytes: Uint8Array; readonly fresh: string },
): void {
  cryptoki.C_CreateObject(session, [
    ...form.among,
    ...form.more,
    { type: cka.token, value: true },
    { type: form.mark, value: Buffer.from(`${mark}${fresh}`) },
    { type: form.place, value: Buffer.from(bytes) },
  ])
}

export interface KeptObject {
  readonly object: Handle
  readonly bytes: Uint8Array
}

export function keptAs(form: Form, cryptoki: Cryptoki, session: Handle): readonly KeptObject[] {
  cryptoki.C_FindObjectsInit(session, form.among)
  const objects = cryptoki.C_FindObjects(session, objectsMax)
  cryptoki.C_FindObjectsFinal(session)
  const read = (object: Handle, type: number): Buffer =>
    cryptoki.C_GetAttributeValue(session, object, [{ type }])[0]?.value ?? Buffer.alloc(0)
  return objects
    .filter((object) => read(object, form.mark).toString().startsWith(mark))
    .map((object) => ({ object, bytes: new Uint8Array(read(object, form.place)) }))
}

/** Of others' objects of this class too. */
const objectsMax = 256
