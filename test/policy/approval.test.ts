import { describe, expect, it } from 'vitest'
import {
  type Approval,
  type Bindings,
  encodeApproval,
  openApproval,
  openSigned,
  signApproval,
  tagOf,
} from '../../policy/approval.ts'
import { parseRoster } from '../../policy/roster.ts'
import {
  digestOf,
  fromHex,
  fromUtf8,
  plainDigest,
  toBase64,
  toHex,
  toUtf8,
} from '../../proto/crypto.ts'
import { parseDigest, parseHandle, parsePersonId } from '../../proto/ids.ts'
import { encode, type JsonObject, parse } from '../../proto/jcs.ts'
import { limits } from '../../proto/limits.ts'
import { type Signed, sign } from '../../proto/signed.ts'
import { policyDigest, testKey } from '../kit/examples.ts'
import { refusedWith } from '../kit/refused.ts'
import { directoryText, instant } from '../kit/scene-world.ts'

const ana = testKey('ana')
const intent = parseDigest('0f90702c456aef0c787f1d0545d8582ccb93fdded7cd5e0e04225cbd7daf24b6')
const display = parseDigest('7ee6f156e37460246f702716ac8be0f6ca50d88cdce19d9cd47ed785b8ba6fa0')
const directory = plainDigest(toUtf8('directory-v12'))

/** The directory of the vector: its digest is a placeholder, its credential is ana's key. */
const known = parseRoster(directoryText.replaceAll('ana-1', 'ana-yk-1'))
const roster = { ...known, digest: directory }

const approval: Approval = {
  org: parseHandle('acme-treasury'),
  env: 'prod',
  decision: 'approve',
  intent,
  policy: policyDigest,
  directory,
  rule: parseHandle('payout-large'),
  as: parseHandle('ops'),
  person: parsePersonId('ana'),
  credential: parseHandle('ana-yk-1'),
  display,
  issued: instant('2026-12-07T10:21:30Z'),
  expires: instant('2026-12-07T12:21:30Z'),
  nonce: fromHex('5f1c0a9e77d2b4483c6e19a0d8f2e671')!,
}
const signed = signApproval(approval, ana.sign)

const bindings: Bindings = {
  org: approval.org,
  env: 'prod',
  intent,
  policy: policyDigest,
  roster,
  rule: approval.rule,
  display,
  recordedAt: instant('2026-12-07T10:21:31Z'),
  at: instant('2026-12-07T10:30:00Z'),
}
const opens = (changed: Signed, patch: Partial<Bindings> = {}): string =>
  refusedWith(() => openApproval('approve', changed, { ...bindings, ...patch }))
const says = (patch: Partial<Approval>): string =>
  opens(signApproval({ ...approval, ...patch }, ana.sign))

describe('the vectors of an approval', () => {
  it('has the bytes and the digest', () => {
    const bytes = encodeApproval(approval)
    expect(bytes).toHaveLength(576)
    expect(digestOf(tagOf('approve'), bytes)).toBe(
      '81154e6a57d1ce6676832b498206e3c76dd2fc5aa5945ed4c8c586d9ff9b09e0',
    )
  })

  it('has the key and the signature', () => {
    expect(toBase64(ana.publicKey)).toBe('cc8eEzQFSQMkn6kZM42BlmrlXjv+au5UzEicbhDEXyc=')
    expect(toBase64(signed.signature)).toBe(
      'lXGV+0/lguNe4x/u7NvwjVxPu5y4y85EFfVpPmlb9cyRPC81vIJtJSO7zo6ek9axmO9QnvYXUZlTKsS2DvDqBw==',
    )
  })
})

describe('an approval', () => {
  it('opens for exactly what it binds', () => {
    expect(openApproval('approve', signed, bindings)).toEqual({
      digest: '81154e6a57d1ce6676832b498206e3c76dd2fc5aa5945ed4c8c586d9ff9b09e0',
      approval,
    })
  })

  const other = parseDigest('ee'.repeat(32))
  it.each([
    ['APPROVAL_SCOPE', { org: parseHandle('acme') }],
    ['APPROVAL_SCOPE', { env: 'test' }],
    ['APPROVAL_INTENT', { intent: other }],
    ['APPROVAL_POLICY', { policy: other }],
    ['APPROVAL_POLICY', { directory: other }],
    ['RULE', { rule: parseHandle('payout-mid') }],
    ['DISPLAY', { display: other }],
    ['APPROVAL_SIG', { person: parsePersonId('bo') }],
    ['APPROVAL_SIG', { decision: 'reject' }],
    ['TIME', { issued: instant('2026-12-07T10:23:32Z') }],
    ['TIME', { expires: bindings.at }],
    ['TIME', { expires: approval.issued }],
  ] as const)('is refused with %s when it says %o', (code, patch) => {
    expect(says({})).toBe('accepted')
    expect(says(patch)).toBe(code)
  })

  it('is refused under another directory, whoever signed', () => {
    expect(opens(signed, { roster: { ...roster, digest: other } })).toBe('APPROVAL_POLICY')
  })

  it('is refused when signed by another key, in another name, or under another tag', () => {
    expect(opens(signApproval(approval, testKey('bo').sign))).toBe('APPROVAL_SIG')
    expect(opens({ ...signed, credential: parseHandle('bo-1') })).toBe('APPROVAL_SIG')
    expect(opens({ ...signed, credential: parseHandle('nobody') })).toBe('APPROVAL_SIG')
    const swapped = { ...approval, credential: parseHandle('bo-1') }
    const named = { ...signApproval(swapped, ana.sign), credential: approval.credential }
    expect(opens(named)).toBe('APPROVAL_SIG')
    const otherTag = sign(
      'custody/v1/rejection',
      encodeApproval(approval),
      approval.credential,
      ana.sign,
    )
    expect(opens(otherTag)).toBe('APPROVAL_SIG')
  })

  it('is refused when its credential was not valid as it was recorded', () => {
    expect(opens(signed, { recordedAt: instant('2026-10-31T23:59:59Z') })).toBe('APPROVAL_SIG')
    expect(opens(signed, { recordedAt: instant('2027-11-01T00:00:00Z') })).toBe('APPROVAL_SIG')
  })

  it('is refused when its credential is valid no longer as it is judged', () => {
    const text = directoryText
      .replaceAll('ana-1', 'ana-yk-1')
      .replace(/(ana-yk-1.*?"to":")2027-11-01T00:00:00Z/, '$12026-12-07T10:30:00Z')
    const shorter = { ...parseRoster(text), digest: directory }
    const judged = (at: number) => opens(signed, { roster: shorter, at })
    expect(judged(bindings.at - 1)).toBe('accepted')
    expect(judged(bindings.at)).toBe('APPROVAL_SIG')
  })

  it('is refused after any change of its text', () => {
    const text = signed.document
    const wrong = [text.replace('42', '43'), text.replace('approve', 'approvE'), `${text} `]
    for (const document of wrong) expect(opens({ ...signed, document })).toBe('APPROVAL_SIG')
    expect(opens({ ...signed, document: 'x'.repeat(limits.approvalBytesMax + 1) })).toBe(
      'TOO_LARGE',
    )
  })

  it('has one form, even when rightly signed', () => {
    const written = parse(encodeApproval(approval)) as JsonObject
    const other = (patch: JsonObject): string => {
      const bytes = encode({ ...written, ...patch })
      return opens(sign(tagOf('approve'), bytes, approval.credential, ana.sign))
    }
    expect(other({})).toBe('accepted')
    const wrong: readonly JsonObject[] = [
      { note: '' },
      { format: 'custody-approval/v2' },
      { decision: 'maybe' },
      { nonce: toHex(approval.nonce).toUpperCase() },
      { nonce: '00' },
      { issued: '2026-12-07T10:21:30.000Z' },
    ]
    for (const patch of wrong) expect(other(patch)).toBe('MALFORMED')
  })
})

describe('a rejection', () => {
  const no: Approval = { ...approval, decision: 'reject' }
  const rejected = signApproval(no, ana.sign)

  it('is the same document with another decision under another tag', () => {
    expect(openApproval('reject', rejected, bindings).approval).toEqual(no)
    expect(refusedWith(() => openApproval('reject', signed, bindings))).toBe('APPROVAL_SIG')
    expect(opens(rejected)).toBe('APPROVAL_SIG')
  })

  it('cannot be made from a signature over an approval', () => {
    const document = fromUtf8(encodeApproval(no))!
    const forged = { ...signed, document }
    expect(refusedWith(() => openSigned('reject', forged, roster, bindings.recordedAt))).toBe(
      'APPROVAL_SIG',
    )
  })
})
