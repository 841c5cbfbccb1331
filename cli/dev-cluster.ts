// The processes of a development cluster: the local chain, a coordinator and three signer nodes,
// each started with the configuration in its owner's own directory and nothing else.
// Knows where they listen from those files; knows nothing of what they do.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { refuse } from '../proto/refusal.ts'
import { startChain } from './dev-chain.ts'
import { answers, type Child, nodeCommand, startChild } from './dev-processes.ts'
import { startTron } from './dev-tron.ts'

export interface DevCluster {
  readonly directory: string
  /** JSON-RPC endpoint of the chain. */
  readonly rpc: string
  readonly isTron: boolean
  /** gRPC address of the coordinator. */
  readonly listen: string
  readonly nodes: readonly string[]
  /** Light witnesses. */
  readonly lights: readonly string[]
  startChain(): Promise<Child>
  startCoordinator(): Promise<Child>
  /** Returns when the process answers; `untilReady` when it may sign, or cosign. */
  startNode(node: string, flags?: readonly string[]): Promise<Child>
  untilReady(node: string, child: Child): Promise<void>
}

export function devClusterAt(directory: string): DevCluster {
  const coordinator = read(join(directory, 'coordinator/config.json'))
  const logs = join(directory, 'logs')
  const { rpc, network } = endpointOf(coordinator)
  const isTron = network.startsWith('tron:')
  const nodes = below(directory, 'nodes')
  const lights = below(directory, 'witnesses')
  const configOf = (node: string): string =>
    join(directory, lights.includes(node) ? 'witnesses' : 'nodes', node, 'config.json')
  const health = (node: string): string => `http://${field(read(configOf(node)), 'healthListen')}`
  return {
    directory,
    rpc,
    isTron,
    listen: field(coordinator, 'listen'),
    nodes,
    lights,
    startChain: () => {
      const port = Number(new URL(rpc).port)
      if (isTron) return startTron(port, logs)
      const place = { port, directory: join(directory, 'chain') }
      return startChain({ ...place, blockTimeSeconds: 1 }, logs)
    },
    startCoordinator: async () => {
      const words = ['--config', join(directory, 'coordinator/config.json')]
      const command = nodeCommand('coordinator/main.ts', words)
      const child = startChild({ name: 'coordinator', ...command, logs })
      const url = `http://${field(coordinator, 'httpListen')}/livez`
      await child.until(() => answers(url), 'answered')
      return child
    },
    startNode: async (node, flags = []) => {
      const mode = lights.includes(node) ? ['--witness'] : []
      const words = [...mode, '--config', configOf(node)]
      const command = nodeCommand('signer-node/main.ts', words, flags)
      const child = startChild({ name: node, ...command, logs })
      await child.until(() => answers(`${health(node)}/livez`), 'answered')
      return child
    },
    untilReady: (node, child) => child.until(() => answers(`${health(node)}/readyz`), 'was ready'),
  }
}

/** Of a cold log the nodes are elsewhere. */
function below(directory: string, owners: string): readonly string[] {
  const place = join(directory, owners)
  return existsSync(place) ? readdirSync(place).sort() : []
}

function endpointOf(coordinator: object): { readonly rpc: string; readonly network: string } {
  const chains = 'chains' in coordinator ? coordinator.chains : undefined
  const first: unknown = Array.isArray(chains) ? chains[0] : undefined
  if (typeof first === 'object' && first !== null && 'rpc' in first) {
    const url: unknown = Array.isArray(first.rpc) ? first.rpc[0] : undefined
    if (typeof url === 'string') return { rpc: url, network: field(first, 'network') }
  }
  return refuse('CONFIG', 'chains: expected an rpc endpoint')
}

function read(path: string): object {
  const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'))
  return typeof parsed === 'object' && parsed !== null
    ? parsed
    : refuse('CONFIG', `${path}: expected an object`)
}

function field(config: object, name: string): string {
  const value: unknown = Object.entries(config).find(([key]) => key === name)?.[1]
  return typeof value === 'string' ? value : refuse('CONFIG', `expected ${name}`)
}
