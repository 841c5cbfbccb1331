// The law of imports as a table: for a file, which project files, packages and built-ins it may
// import. First match wins; a product file without a row may import nothing. The walls and their
// reasons are in docs/architecture.md.

export interface Law {
  readonly of: RegExp
  readonly project: readonly RegExp[]
  readonly packages: readonly RegExp[]
  readonly builtins: readonly RegExp[]
}

const none: readonly RegExp[] = []
const protoPure = /^proto\/[^/]+\.ts$/
const protoAll = /^proto\//
const policy = /^policy\//
const dkls = /^signer-node\/dkls23\//
const hsm = /^signer-node\/hsm\//
const signer = /^signer-node\/(?!ceremony\/)/
const ceremony = /^signer-node\/ceremony\//

function law(
  of: RegExp,
  project: readonly RegExp[],
  outside: Partial<Omit<Law, 'of' | 'project'>> = {},
): Law {
  return { of, project, packages: outside.packages ?? none, builtins: outside.builtins ?? none }
}

const laws: readonly Law[] = [
  law(/^proto\/crypto\.ts$/, [protoPure], {
    packages: [/^@noble\/hashes\//],
    builtins: [/^node:crypto$/],
  }),
  law(/^proto\/frames\.ts$/, [protoPure, /^proto\/gen\//]),
  law(protoPure, [protoPure]),
  law(/^proto\/io\//, [protoAll], {
    packages: [/^@grpc\/grpc-js/, /^@grpc\/proto-loader$/],
    builtins: [/^node:(fs|tls|path|url|crypto|net|http2)$/],
  }),

  law(/^policy\/chain\/(signature|derive)\.ts$/, [policy, protoPure], {
    packages: [/^@noble\/curves\//],
  }),
  law(policy, [policy, protoPure]),

  law(/^signer-node\/dkls23\/curve[^/]*\.ts$/, [dkls], {
    packages: [/^@noble\/curves\//, /^secp256k1\/bindings\.js$/],
    builtins: [/^node:(module|fs|path|crypto)$/],
  }),
  law(/^signer-node\/dkls23\/transcript\.ts$/, [dkls], { builtins: [/^node:crypto$/] }),
  law(dkls, [dkls]),
  law(/^signer-node\/hsm\/cryptoki\.ts$/, [hsm, protoPure], {
    packages: [/^pkcs11js$/],
    builtins: [/^node:module$/],
  }),
  law(/^signer-node\/hsm\/software\.ts$/, [hsm, protoPure], {
    packages: [/^@noble\/curves\//],
    builtins: [/^node:(crypto|fs|path)$/],
  }),
  law(/^signer-node\/hsm\/(pkcs11|main)\.ts$/, [hsm, protoPure], {
    builtins: [/^node:(crypto|fs)$/],
  }),
  law(/^signer-node\/hsm\/child\.ts$/, [hsm, protoPure], {
    builtins: [/^node:(child_process|path|stream)$/],
  }),
  law(/^signer-node\/hsm\//, [hsm, protoPure, /^signer-node\/dkls23\/secret\.ts$/]),
  // What touches the disk of a card or of a Station; everything else there is given what it needs.
  law(/^signer-node\/ceremony\/(main|program)\.ts$/, [ceremony, signer, policy, protoAll], {
    builtins: [/^node:(crypto|fs|os|path)$/],
  }),
  law(
    /^signer-node\/ceremony\/(medium|enrolment|build-files|commands-(tokens|doctor))\.ts$/,
    [ceremony, signer, policy, protoAll],
    { builtins: [/^node:(fs|path)$/] },
  ),
  law(
    /^signer-node\/ceremony\/(table-cards|station-files|record-copy|room-results|commands-room)\.ts$/,
    [ceremony, signer, policy, protoAll],
    { builtins: [/^node:(fs|path)$/] },
  ),
  law(
    /^signer-node\/ceremony\/(seated-(station|hub|writes)|said-aside|room-terminal)\.ts$/,
    [ceremony, signer, policy, protoAll],
    { builtins: [/^node:(fs|path|stream)$/] },
  ),
  // A rehearsal starts programs and makes tokens; it is none of them.
  law(
    /^signer-node\/ceremony\/(rehearsal-[a-z]+|commands-rehearse)\.ts$/,
    [ceremony, signer, policy, protoAll],
    { builtins: [/^node:(child_process|fs|net|os|path|stream)$/] },
  ),
  law(/^signer-node\/ceremony\/doctor-facts\.ts$/, [ceremony, signer, policy, protoAll], {
    builtins: [/^node:(fs|inspector|os|path)$/],
  }),
  law(/^signer-node\/ceremony\/(table-key|readiness)\.ts$/, [ceremony, signer, policy, protoAll], {
    builtins: [/^node:(fs|path)$/],
  }),
  law(/^signer-node\/ceremony\/card-lock\.ts$/, [ceremony, signer, policy, protoAll], {
    builtins: [/^node:(path|sqlite)$/],
  }),
  law(/^signer-node\/ceremony\/self-signed\.ts$/, [ceremony, signer, policy, protoAll], {
    builtins: [/^node:crypto$/],
  }),
  law(ceremony, [ceremony, signer, policy, protoAll]),
  law(/^signer-node\/program\.ts$/, [signer, policy, protoAll], {
    packages: [/^pino$/],
    builtins: [/^node:(crypto|fs|inspector)$/],
  }),
  law(/^signer-node\/[a-z]+-program\.ts$/, [signer, policy, protoAll], {
    builtins: [/^node:(fs|util|os|path)$/],
  }),
  law(/^signer-node\/(places|own-keys|dialler)\.ts$/, [signer, policy, protoAll], {
    builtins: [/^node:(fs|path)$/],
  }),
  law(/^signer-node\/store[^/]*\.ts$/, [signer, policy, protoAll], { builtins: [/^node:sqlite$/] }),
  law(
    /^signer-node\/(keystore|floor-file|own-file|backups|invitations|pin-tries)\.ts$/,
    [signer, policy, protoAll],
    {
      builtins: [/^node:(fs|path)$/],
    },
  ),
  law(
    /^signer-node\/(commands[^/]*|opening|hsm-commands|hsm-files)\.ts$/,
    [signer, policy, protoAll],
    {
      builtins: [/^node:(fs|path|util)$/],
    },
  ),
  law(/^signer-node\/(dealer|terminal)\.ts$/, [signer, policy, protoAll], {
    builtins: [/^node:(fs|util|tty)$/],
  }),
  law(/^signer-node\/envelope\.ts$/, [signer, policy, protoAll], { builtins: [/^node:crypto$/] }),
  law(/^signer-node\/threads?\.ts$/, [signer, policy, protoAll], {
    builtins: [/^node:worker_threads$/],
  }),
  law(/^signer-node\/health\.ts$/, [signer, policy, protoAll], {
    packages: [/^prom-client$/],
    builtins: [/^node:http$/],
  }),
  law(/^signer-node\/admin[^/]*\.ts$/, [signer, policy, protoAll], {
    builtins: [/^node:(net|fs)$/],
  }),
  law(/^signer-node\//, [signer, policy, protoAll]),

  law(/^coordinator\/main\.ts$/, [/^coordinator\//, policy, protoAll], {
    packages: [/^pino$/],
    builtins: [/^node:(crypto|fs|util|os|path|process)$/],
  }),
  law(/^coordinator\/reload\.ts$/, [/^coordinator\//, policy, protoAll], {
    builtins: [/^node:(fs|path)$/],
  }),
  law(/^coordinator\/store\/postgres\.ts$/, [/^coordinator\//, policy, protoAll], {
    packages: [/^pg$/],
  }),
  law(/^coordinator\/store\/pglite\.ts$/, [/^coordinator\//, policy, protoAll], {
    packages: [/^@electric-sql\/pglite/],
  }),
  law(/^coordinator\/store\/migrate\.ts$/, [/^coordinator\//, policy, protoAll], {
    builtins: [/^node:(fs|path)$/],
  }),
  law(/^coordinator\/http\.ts$/, [/^coordinator\//, policy, protoAll], { packages: [/^fastify$/] }),
  law(/^coordinator\/health\.ts$/, [/^coordinator\//, policy, protoAll], {
    packages: [/^prom-client$/],
  }),
  law(/^coordinator\/(verify-twice|chain-rpc\/[^/]+)\.ts$/, [/^coordinator\//, policy, protoAll], {
    packages: [/^(ethers|tronweb)$/],
  }),
  law(/^coordinator\//, [/^coordinator\//, policy, protoAll]),

  law(/^cli\/init[^/]*\.ts$/, [/^cli\//, policy, protoAll], {
    packages: [/^@peculiar\/x509$/, /^reflect-metadata$/],
    builtins: [/^node:(fs|path|crypto|util)$/],
  }),
  law(/^cli\/certificate\.ts$/, [/^cli\//, policy, protoAll], {
    builtins: [/^node:(fs|path)$/],
  }),
  law(/^cli\/dev[^/]*\.ts$/, [/^cli\//, policy, protoAll], {
    builtins: [/^node:(child_process|fs|path|net|url|util|crypto|os)$/],
  }),
  law(/^cli\/(recovery-process|ceremony-rehearse)\.ts$/, [/^cli\//, policy, protoAll], {
    builtins: [/^node:(child_process|path)$/],
  }),
  law(/^cli\/approver-key\.ts$/, [/^cli\//, policy, protoAll], {
    packages: [/^@clack\/prompts$/],
    builtins: [/^node:(crypto|fs|path)$/],
  }),
  // What lies on a chain: the one file of the CLI that reads endpoints, with the coordinator's readers.
  law(/^cli\/chain-looks\.ts$/, [/^cli\//, /^coordinator\/chain-rpc\//, policy, protoAll], {
    builtins: [/^node:(fs|path)$/],
  }),
  law(/^cli\//, [/^cli\//, policy, protoAll], {
    packages: [/^@clack\/prompts$/],
    builtins: [/^node:(fs|net|readline|util|path|url)(\/promises)?$/],
  }),
]

export function lawFor(file: string): Law {
  return laws.find((row) => row.of.test(file)) ?? law(/^$/, none)
}

export const namesBanned = /^(utils?|helpers?|common|manager|misc|index|data|handle|types)\.ts$/

/** The two rooms in which a kind of network is known by its name. */
export const roomsOfChains = /^(policy\/chain|coordinator\/chain-rpc)\//

/** The languages of calls and messages: whoever takes them takes these, whatever the network is. */
export const languages = /\/chain\/evm-(abi|address|call|message|typed|typed-form)\.ts$/

/** Files elsewhere that name a kind of network, and why. */
export const namesChains: Readonly<Record<string, RegExp>> = {
  'development clusters are of one of two kinds': /^cli\/(dev|init)[^/]*\.ts$/,
  'a rehearsal pays on a development chain': /^signer-node\/ceremony\/rehearsal-online\.ts$/,
  'a wallet file is one of Ethereum': /^signer-node\/commands-export\.ts$/,
  'typed data says addresses as Ethereum writes them': /^cli\/message\.ts$/,
  'the second opinion on a signature is a library of that name': /^coordinator\/verify-twice\.ts$/,
  'a bound on the answers of one kind of endpoint': /^proto\/limits\.ts$/,
}
