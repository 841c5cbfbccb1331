// The roots of a Bundle: from the Plan's back to the first one, each by the digest of the one before.
import { describe, expect, it } from 'vitest'
import { plannedRoots } from '../../../policy/ceremony/planned-roots.ts'
import type { Digest } from '../../../proto/ids.ts'
import { refusal } from '../../kit/refused.ts'
import { firstRoot, nextRoot, type WrittenRoot } from '../../kit/succession.ts'

const second = nextRoot()
const third = nextRoot({}, second)
const other = nextRoot({ witness: { w: 3, f: 0, q: 3 } })

function read(root: Digest, roots: readonly WrittenRoot[]) {
  const bundle = { plan: { plan: { root } }, pages: [{ documents: roots.map(({ text }) => text) }] }
  return plannedRoots(bundle as unknown as Parameters<typeof plannedRoots>[0])
}
const said = (root: Digest, roots: readonly WrittenRoot[]) =>
  refusal(Promise.resolve().then(() => read(root, roots)))

describe('the roots of a planned ceremony', () => {
  it('begin with the one that the root of the plan leads back to', () => {
    const found = read(third.root.digest, [other, third, firstRoot, second])
    expect(found.first).toBe(firstRoot.root.digest)
    expect(found.now.digest).toBe(third.root.digest)
    expect(read(firstRoot.root.digest, [second, firstRoot]).first).toBe(firstRoot.root.digest)
  })

  it('are refused where one of them is not enclosed, whatever else is', async () => {
    const missing = /^BUNDLE: the log encloses no root /
    expect(await said(third.root.digest, [firstRoot, third, other])).toMatch(missing)
    expect(await said(third.root.digest, [firstRoot, second])).toMatch(missing)
  })

  it('are refused where one follows a root that is not before it', async () => {
    const { root } = second
    const again = nextRoot({ version: root.version, previous: root.digest }, second)
    expect(await said(again.root.digest, [firstRoot, second, again])).toMatch(/ever later ones/)
  })
})
