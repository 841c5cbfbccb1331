import { describe, expect, it } from 'vitest'
import { ceremonyKinds, encodePlan, type Plan, parsePlan } from '../../../policy/ceremony/plan.ts'
import { stepsOf } from '../../../policy/ceremony/script.ts'
import { scriptHtml } from '../../../policy/ceremony/script-html.ts'
import { scriptText } from '../../../policy/ceremony/script-text.ts'
import { filled, minutesOf, sheetsOf } from '../../../policy/ceremony/sheets.ts'
import { parseHandle, parseNodeId, parsePersonId, parseVaultId } from '../../../proto/ids.ts'
import { wordsOf } from '../../../proto/words.ts'
import { plannedStation, someDigest, staff, testPlan } from '../../kit/planned.ts'

const read = (plan: Plan) => parsePlan(encodePlan(plan))
const pagesOf = (plan: Plan) => scriptText(read(plan)).split('\f')

/** As much of everything as a plan may hold, with the longest names. */
function widest(): Plan {
  const long = (name: string) => name.padEnd(128, 'x')
  const stations = [1, 2, 3, 4, 5].map((x) =>
    plannedStation(x, {
      node: parseNodeId(long(`node-${x}`)),
      site: parseHandle(long(`site-${x}`)),
      custodian: parsePersonId(long(`person-${x}`)),
    }),
  )
  const requests = Array.from({ length: 3 }, (_, at) => {
    const vault = parseVaultId(long(`cold-${at}`))
    return { request: someDigest(`request ${at}`), op: 'payment', vault, callBack: true } as const
  })
  const vaults = requests.map(({ vault }) => vault)
  const purpose = 'W'.repeat(128)
  return testPlan('sign', { stations, requests, vaults, purpose, number: 999_999 })
}

describe('a printed script', () => {
  it('is the same for the same plan, and another for another plan', () => {
    for (const kind of ceremonyKinds) {
      const plan = testPlan(kind)
      expect(scriptText(read(plan))).toBe(scriptText(read({ ...plan })))
      expect(scriptHtml(read(plan))).toBe(scriptHtml(read({ ...plan })))
      const other = { ...plan, number: plan.number + 1 }
      expect(scriptText(read(other))).not.toBe(scriptText(read(plan)))
      expect(scriptHtml(read(other))).not.toBe(scriptHtml(read(plan)))
    }
  })

  it('has the first four words of its plan and its number at the foot of every page', () => {
    for (const kind of ceremonyKinds) {
      const plan = testPlan(kind)
      const words = wordsOf(read(plan).digest, 4).join(' ')
      const pages = pagesOf(plan)
      for (const [at, page] of pages.entries()) {
        const lines = page.split('\n')
        expect(lines.length).toBe(61)
        const foot = `${words} | ceremony 7 | page ${at + 1} of ${pages.length}`
        expect(lines[59]).toBe(foot)
      }
      expect(scriptHtml(read(plan))).toContain(`<tfoot><tr><td>${words} | ceremony 7`)
    }
  })

  it('fits its columns in plain characters, whatever the plan names', () => {
    for (const plan of [...ceremonyKinds.map((kind) => testPlan(kind)), widest()]) {
      for (const line of pagesOf(plan).flatMap((page) => page.split('\n'))) {
        expect(line).toMatch(/^[ -~]*$/)
        expect([line, line.length <= 78]).toEqual([line, true])
      }
    }
  })

  it('has every step that is played with a box for each turn, exception sheets and signatures', () => {
    const plan = testPlan('genesis', { mainRoot: someDigest('main root') })
    const text = scriptText(read(plan)).replaceAll('\f', '')
    const html = scriptHtml(read(plan))
    for (const { id } of stepsOf('genesis')) {
      expect([id, text.includes(`\n${id.padEnd(6)}`)]).toEqual([id, true])
      expect([id, html.includes(`<b>${id}</b>`)]).toEqual([id, true])
    }
    const boxes = text.match(/\[ \] green 3 {2}cleo/g) ?? []
    expect(boxes.length).toBeGreaterThan(5)
    for (const one of ['Exception 4', 'Signatures', 'custodian eva', 'When something goes']) {
      expect(text).toContain(one)
      expect(html).toContain(one)
    }
  })

  it('says loudly when it is a rehearsal, and only then', () => {
    const plan = testPlan('sign')
    const real = { ...plan, env: 'prod', rehearsal: false } as const
    for (const print of [scriptText, scriptHtml]) {
      expect(print(read(plan))).toContain('REHEARSAL (test): nothing of this is real')
      expect(print(read(real))).not.toContain('REHEARSAL')
      expect(print(read(real))).toContain('real (prod)')
    }
  })

  it('writes names that are longer than a line below each other, none cut away', () => {
    const text = scriptText(read(widest()))
    const whole = text.replaceAll(/[\s|]/g, '')
    expect(whole).toContain('person-3'.padEnd(128, 'x'))
    expect(whole).toContain('cold-2'.padEnd(128, 'x'))
  })

  it('leaves no placeholder open and breaks out of no tag', () => {
    for (const kind of ceremonyKinds) {
      const plain = testPlan(kind)
      const plan = testPlan(kind, { purpose: `<script>'"&</td> {t} __` })
      for (const step of stepsOf(kind)) {
        const texts = [step.say, step.do, step.witness].map((text) =>
          filled(text, plain, undefined),
        )
        for (const text of texts) expect(text).not.toMatch(/[{}]/)
      }
      const html = scriptHtml(read(plan))
      expect(html).not.toContain('<script')
      expect(html).toContain('&#60;script&#62;&#39;&#34;&#38;&#60;/td&#62; {t}')
      expect(html.match(/<td>/g)?.length).toBe(html.match(/<\/td>/g)?.length)
    }
  })

  it('fetches nothing and runs nothing', () => {
    const html = scriptHtml(read(testPlan('drill')))
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`)
    expect(html).not.toMatch(/https?:|url\(|<img|<link|<script|@import/)
  })

  it('counts what all stations do at once one time', () => {
    const { sections } = sheetsOf(read(testPlan('sign')))
    const steps = sections.flatMap((section) => section.steps)
    const every = steps.reduce((sum, { minutes, rows }) => sum + minutes * rows.length, 0)
    const minutes = minutesOf(testPlan('sign'))
    expect(minutes).toBeGreaterThan(60)
    expect(minutes).toBeLessThan(every)
  })

  it('takes each request in a section of its own', () => {
    const plan = widest()
    const titles = sheetsOf(read(plan)).sections.map(({ title }) => title)
    const requests = titles.filter((title) => title.startsWith('Request'))
    expect(requests.length).toBe(3)
    expect(titles.at(-1)).toBe('Closing')
    const { tables } = sheetsOf(read(plan))
    expect(tables.map(({ title }) => title)).toEqual(['Stations', 'People', 'Requests'])
    expect(
      tables.every(({ head, rows }) => rows.every((row) => row.cells.length === head.length)),
    ).toBe(true)
    expect(staff.length).toBeLessThan(tables[1]?.rows.length ?? 0)
  })
})
