// The law of the house, as a test: who may import whom, how large things may grow, which words and
// ambient values stay out, and that every tag is unique. A breach fails the build; the reasons are
// in docs/architecture.md. Reads the sources as text and runs none of them.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { reasonCodes } from '../proto/reasons.ts'
import { tags } from '../proto/tags.ts'
import { type Law, languages, lawFor, namesBanned, namesChains, roomsOfChains } from './tidy-law.ts'

const root = join(import.meta.dirname, '..')
const listed = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts'], { cwd: root })
const files = listed
  .toString()
  .split('\n')
  .filter((file) => file !== '' && existsSync(join(root, file)))
  .filter((file) => !file.startsWith('proto/gen/') && !file.startsWith('bench/peers/'))
const source = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]))
const product = files.filter((file) => /^(proto|policy|signer-node|coordinator|cli)\//.test(file))

interface Import {
  readonly file: string
  readonly target: string
  readonly kind: 'project' | 'package' | 'builtin'
  readonly typeOnly: boolean
}

function importsOf(file: string): Import[] {
  const text = source.get(file) ?? ''
  const found: Import[] = []
  const form =
    /(?:^|\n)\s*(import|export)(\s+type)?\s[^'"`;]*?from\s+'([^']+)'|import\('([^']+)'\)|createRequire\([^)]*\)\('([^']+)'\)|(?:^|\n)import\s+'([^']+)'/g
  for (const match of text.matchAll(form)) {
    const target = match[3] ?? match[4] ?? match[5] ?? match[6] ?? ''
    const typeOnly = match[2] !== undefined
    if (target.startsWith('.')) {
      found.push({
        file,
        target: normalize(join(dirname(file), target)),
        kind: 'project',
        typeOnly,
      })
    } else {
      found.push({
        file,
        target,
        kind: target.startsWith('node:') ? 'builtin' : 'package',
        typeOnly,
      })
    }
  }
  return found
}

const imports = product.flatMap(importsOf)

function breach(law: Law, item: Import): string | undefined {
  if (item.kind === 'project') {
    const allowed = law.project.some((rule) => rule.test(item.target))
    return allowed ? undefined : `${item.file} imports ${item.target}`
  }
  const rules = item.kind === 'package' ? law.packages : law.builtins
  const name = item.target
  return rules.some((rule) => rule.test(name)) ? undefined : `${item.file} imports ${name}`
}

describe('the law of imports', () => {
  it('lets every file import only what its room may', () => {
    const breaches = imports.map((item) => breach(lawFor(item.file), item)).filter(Boolean)
    expect(breaches).toEqual([])
  })

  it('would notice a breach', () => {
    expect(imports.length).toBeGreaterThan(100)
    const planted = [
      ['policy/evaluate.ts', 'node:fs', 'builtin'],
      ['policy/evaluate.ts', 'proto/io/wire.ts', 'project'],
      ['policy/evaluate.ts', '@noble/curves/secp256k1.js', 'package'],
      ['signer-node/dkls23/sign.ts', 'proto/crypto.ts', 'project'],
      ['signer-node/service.ts', 'coordinator/links.ts', 'project'],
      ['signer-node/node.ts', 'signer-node/ceremony/doctor.ts', 'project'],
      ['signer-node/ceremony/doctor.ts', 'coordinator/links.ts', 'project'],
      ['signer-node/ceremony/doctor.ts', 'node:fs', 'builtin'],
      ['coordinator/links.ts', 'signer-node/service.ts', 'project'],
      ['cli/show.ts', 'signer-node/envelope.ts', 'project'],
      ['proto/jcs.ts', 'policy/intent.ts', 'project'],
    ] as const
    for (const [file, target, kind] of planted) {
      expect(breach(lawFor(file), { file, target, kind, typeOnly: false })).toContain(target)
    }
  })

  it('uses relative imports with their ending, and no file that does not exist', () => {
    const wrong = imports
      .filter((item) => item.kind === 'project')
      .filter((item) => !/\.(ts|json)$/.test(item.target) || !existsSync(join(root, item.target)))
      .map((item) => `${item.file} -> ${item.target}`)
    expect(wrong).toEqual([])
  })

  it('has no circle', () => {
    const edges = new Map<string, string[]>()
    for (const item of imports) {
      if (item.kind !== 'project' || item.typeOnly) continue
      edges.set(item.file, [...(edges.get(item.file) ?? []), item.target])
    }
    const circles: string[] = []
    const done = new Set<string>()
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) circles.push([...path.slice(path.indexOf(file)), file].join(' -> '))
      if (path.includes(file) || done.has(file)) return
      for (const next of edges.get(file) ?? []) visit(next, [...path, file])
      done.add(file)
    }
    for (const file of product) visit(file, [])
    expect(circles).toEqual([])
  })

  it('has no barrel', () => {
    const barrels = product.filter((file) => /(?:^|\n)export \* from/.test(source.get(file) ?? ''))
    expect(barrels).toEqual([])
  })
})

/** Lines that name a kind of network, outside of comments and of the languages' imports. */
function namesOfChains(file: string, text: string): readonly string[] {
  const code = text
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(^|[^:'"])\/\/.*$/gm, '$1')
    .replaceAll(/^(?:import [^']*|\} )from '([^']+)'$/gm, (line, from) =>
      languages.test(from) ? '' : line,
    )
  return code
    .split('\n')
    .filter((line) => /eip155|\bevm|Evm|ethers|erc20|\btron|Tron|trc20/.test(line))
    .map((line) => `${file}: ${line.trim()}`)
}

describe('a kind of network', () => {
  it('is known by name in two rooms, and nowhere else without a reason', () => {
    const allowed = Object.values(namesChains)
    const elsewhere = product.filter((file) => !roomsOfChains.test(file))
    const naming = elsewhere.filter((file) => !allowed.some((form) => form.test(file)))
    expect(naming.flatMap((file) => namesOfChains(file, source.get(file) ?? ''))).toEqual([])
    for (const form of allowed) {
      const files = elsewhere.filter((file) => form.test(file))
      const named = files.flatMap((file) => namesOfChains(file, source.get(file) ?? ''))
      expect(named, `${form} needs no place in the list`).not.toEqual([])
    }
  })

  it('would be noticed', () => {
    const noticed = (line: string) => namesOfChains('a.ts', `// evm\n${line}\n`).length
    for (const line of [
      "if (network.startsWith('tron:')) return 0",
      "return op === 'evm.call'",
      "import { openEvmRpc } from './chain-rpc/evm.ts'",
      "import { tronText } from '../policy/chain/tron-address.ts'",
    ]) {
      expect(noticed(line), line).toBe(1)
    }
    expect(noticed("import { parseCall } from '../policy/chain/evm-call.ts'")).toBe(0)
  })

  it('is one line of each list, which one file reads', () => {
    for (const [list, reader, form] of [
      ['policy/chain/families.ts', 'policy/chain/chains.ts', /-family\.ts$/],
      ['coordinator/chain-rpc/kinds.ts', 'coordinator/chain-rpc/reach.ts', /-kind\.ts$/],
    ] as const) {
      const lines = (source.get(list) ?? '').split('\n').filter((line) => !/^(\/\/.*)?$/.test(line))
      for (const line of lines) expect(line).toMatch(/^export \{ \w+ \} from '\.\/[a-z0-9-]+\.ts'$/)
      const readers = (form: RegExp) =>
        imports.filter(({ target }) => form.test(target)).map(({ file }) => file)
      expect(readers(new RegExp(`^${list}$`))).toEqual([reader])
      expect(readers(form)).toEqual(lines.map(() => list))
    }
  })
})

describe('sizes', () => {
  it('stops a file at 400 lines', () => {
    const long = files.filter((file) => (source.get(file) ?? '').split('\n').length > 401)
    expect(long).toEqual([])
  })

  it('stops a line at 100 columns', () => {
    const wide = product.flatMap((file) =>
      (source.get(file) ?? '')
        .split('\n')
        .map((line, index) => ({ line, at: `${file}:${index + 1}` }))
        .filter(({ line }) => line.length > 100 && !/https?:|'[^']{90,}'/.test(line))
        .map(({ at }) => at),
    )
    expect(wide).toEqual([])
  })

  it('opens every file with a header that says what it is', () => {
    const bare = product.filter((file) => !/^(#!.*\n)?(\/\/|\/\*\*)/.test(source.get(file) ?? ''))
    expect(bare).toEqual([])
  })
})

/** Code without comments and string contents, roughly: enough to look for words. */
function bareCode(file: string): string {
  return (source.get(file) ?? '')
    .replaceAll(/\/\*[\s\S]*?\*\//g, '')
    .replaceAll(/(^|[^:'"])\/\/.*$/gm, '$1')
    .replaceAll(/'(?:\\.|[^'\\\n])*'/g, "''")
}

function hits(selected: readonly string[], form: RegExp): string[] {
  return selected.flatMap((file) =>
    bareCode(file)
      .split('\n')
      .filter((line) => form.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  )
}

describe('words', () => {
  it('keeps time and randomness as arguments', () => {
    const ambient = product.filter(
      (file) => !/(^|\/)(main|program)\.ts$/.test(file) && !file.startsWith('cli/'),
    )
    expect(hits(ambient, /\bDate\.now\b|\bMath\.random\b|\bnew Date\(\)|\brandomBytes\(/)).toEqual(
      [],
    )
  })

  it('has no any, no ignored error and no exclamation mark for null', () => {
    expect(hits(product, /: any\b|\bas any\b|<any>/)).toEqual([])
    const ignored = product.filter((f) =>
      /@ts-(ignore|expect-error|nocheck)/.test(source.get(f) ?? ''),
    )
    expect(ignored).toEqual([])
  })

  it('has no enum, namespace or default export', () => {
    const own = product.filter((file) => !file.endsWith('.config.ts'))
    expect(hits(own, /^\s*(export )?(const )?enum |^\s*namespace |^export default/)).toEqual([])
  })

  it('gives no file a name that says nothing', () => {
    const vague = files.filter((file) => namesBanned.test(file.replace(/^.*\//, '')))
    expect(vague).toEqual([])
    const badForm = product.filter((f) => !/^[a-z0-9-]+(\.test)?\.ts$/.test(f.replace(/^.*\//, '')))
    expect(badForm).toEqual([])
  })

  it('leaves no unfinished work behind', () => {
    const unfinished = product.filter((f) =>
      /\b(TODO|FIXME|XXX)\b|not implemented/i.test(source.get(f) ?? ''),
    )
    expect(unfinished).toEqual([])
  })
})

function isImported(text: string, name: string): boolean {
  return new RegExp(`^import [^']*\\b${name}\\b`, 'm').test(text)
}

/** Called as a statement, and nobody drives what it returns: such a call does nothing at all. */
function bareCalls(files: ReadonlyMap<string, string>): readonly string[] {
  const named = (text: string, form: RegExp) =>
    new Set([...text.matchAll(form)].map(([, name = '']) => name))
  const texts = [...files.values()].join('\n')
  const shared = named(texts, /export function\* (\w+)/g)
  // A method that is a generator in one class may be none in another: then its file tells.
  const plain = named(texts, /^ +(?:async |override |get )?(\w+)[<(]/gm)
  const methods = [...named(texts, /^ +(?:override )?\*(\w+)[<(]/gm)].filter(
    (one) => !plain.has(one),
  )
  const statement = /^ +(?:(?:else )?if \(.*\) |else )?([\w.#?]+\.)?(#?[a-z]\w*)\(/i
  const goesOn = /(?:[([,=?:&|+]|=>|return|yield\*)$/
  return [...files].flatMap(([file, text]) => {
    const own = named(text, /(?:function\* |^ +\*)(#?\w+)[<(]/gm)
    const isMade = (name: string, of: string) =>
      own.has(name) ||
      methods.includes(name) ||
      (of === '' && shared.has(name) && isImported(text, name))
    const lines = text.split('\n').filter((line) => !/^ *(?:\/\/|\/?\*\*? )/.test(line))
    return lines.flatMap((line, at) => {
      const [, of = '', name = ''] = statement.exec(line) ?? []
      const isDeclared = /\)(?:: .*)? ?\{$|\): [\w<]/.test(line)
      const isBare = isMade(name, of) && !isDeclared && !goesOn.test(lines[at - 1] ?? '')
      return isBare ? [`${file}: ${line.trim()}`] : []
    })
  })
}

describe('generators', () => {
  it('are called where somebody drives them', () => {
    expect(bareCalls(new Map(product.map((file) => [file, source.get(file) ?? ''])))).toEqual([])
  })

  it('would notice one that nobody drives', () => {
    const told = (line: string) =>
      bareCalls(
        new Map([['a.ts', `function* work() {\n  yield\n}\nclass A {\n  *#go() {\n${line}\n`]]),
      )
    for (const bare of [
      'work()',
      'this.#go()',
      'if (isDue) work()',
      'else work()',
      'a.b.work(1)',
    ]) {
      expect(told(`    ${bare}`)).toHaveLength(1)
    }
    for (const driven of [
      'yield* work()',
      'const w = work()',
      'return work()',
      'allAtOnce(work())',
    ]) {
      expect(told(`    ${driven}`)).toEqual([])
    }
  })
})

describe('registries', () => {
  it('uses every document tag for one kind of object', () => {
    const values = Object.values(tags)
    expect(new Set(values).size).toBe(values.length)
    for (const tag of values) expect(tag).toMatch(/^custody\/v1\/[a-z-]+$/)
  })

  it('writes every reason code in upper snake', () => {
    expect(new Set(reasonCodes).size).toBe(reasonCodes.length)
    for (const code of reasonCodes) expect(code).toMatch(/^[A-Z][A-Z0-9_]*$/)
  })

  it('writes a protocol tag only in the transcript registry', () => {
    const elsewhere = product.filter(
      (file) =>
        file !== 'signer-node/dkls23/transcript.ts' && /'mpc1\//.test(source.get(file) ?? ''),
    )
    expect(elsewhere).toEqual([])
  })

  it('writes a document tag only in the tag registry', () => {
    const elsewhere = product.filter(
      (file) => file !== 'proto/tags.ts' && /'custody\/v1\//.test(source.get(file) ?? ''),
    )
    expect(elsewhere).toEqual([])
  })
})
