// Who holds what of the nodes of a cluster, and where the next pod goes. Nodes in the same state are kept together and scored once,
// and a score is remembered while the state lasts, so that a decision among a thousand nodes looks at some hundred values.
// Ties go to the first name.
import { assert, present } from '#runtime/assert.ts'
import type { NodeChoice, NodePolicy } from './node-policy.ts'
import { classOf, devicesFor, fits, type NodeState, type Pod, withPod } from './node-state.ts'

export type ClusterNode = {
  readonly name: string
  readonly model: string
  readonly cpuMilli: number
  readonly memoryMib: number
  readonly gpus: number
}

export type Place = { readonly node: string; readonly devices: readonly number[] }
export type StateGroup = { readonly state: NodeState; readonly nodes: readonly string[] }

type Group = { readonly state: NodeState; readonly numbers: number[]; readonly choices: Map<string, NodeChoice | null> }
type Held = { readonly pod: Pod; readonly number: number; readonly devices: readonly number[] }

/** Kinds of pods whose score is remembered for one state. */
const choicesMax = 1_024

export class ClusterIndex {
  readonly policy: NodePolicy
  /** By name: the position is a node's number. */
  readonly #nodes: readonly ClusterNode[]
  readonly #numbers = new Map<string, number>()
  readonly #groups = new Map<string, Group>()
  readonly #groupOf: Group[] = []
  readonly #held = new Map<string, Held>()
  readonly #holdersOf: Set<string>[]

  constructor(nodes: readonly ClusterNode[], policy: NodePolicy) {
    this.policy = policy
    this.#nodes = nodes.toSorted((a, b) => (a.name < b.name ? -1 : 1))
    this.#holdersOf = this.#nodes.map(() => new Set())
    for (const [number, { name, model, cpuMilli, memoryMib, gpus }] of this.#nodes.entries()) {
      this.#numbers.set(name, number)
      this.#enter(number, { model, cpuMilli, memoryMib, gpuMilli: Array<number>(gpus).fill(1_000), classes: 0 })
    }
    assert(this.#numbers.size === nodes.length, 'two nodes have one name')
  }

  /** Null where no node has room. */
  choose(pod: Pod): Place | null {
    const kind = `${pod.cpuMilli} ${pod.memoryMib} ${pod.gpus} ${pod.gpuMilli} ${pod.models.join('|')}`
    let best: NodeChoice | null = null
    let of: Group | null = null
    for (const group of this.#groups.values()) {
      const choice = this.#choiceOf(group, kind, pod)
      if (choice === null) continue
      const isBetter =
        best === null ||
        choice.score > best.score ||
        (choice.score === best.score && group.numbers[0]! < of!.numbers[0]!)
      if (isBetter) [best, of] = [choice, group]
    }
    if (best === null || of === null) return null
    return { node: this.#nodes[of.numbers[0]!]!.name, devices: devicesFor(of.state, pod, best.device) }
  }

  hold(holder: string, pod: Pod, { node, devices }: Place): void {
    assert(!this.#held.has(holder), `${holder} is placed already`)
    const number = this.#numberOf(node)
    const state = this.#groupOf[number]!.state
    assert(fits(state, pod), `node ${node} has no room for ${holder}`)
    assert(new Set(devices).size === pod.gpus, `${holder} takes ${devices.length} of ${pod.gpus} GPUs`)
    for (const device of devices)
      assert((state.gpuMilli[device] ?? -1) >= pod.gpuMilli, `GPU ${device} of ${node} is oversold by ${holder}`)
    this.#held.set(holder, { pod, number, devices })
    this.#holdersOf[number]!.add(holder)
    this.#move(number, withPod(state, pod, devices))
  }

  release(holder: string): boolean {
    const held = this.#held.get(holder)
    if (held === undefined) return false
    const { pod, number, devices } = held
    this.#held.delete(holder)
    const others = this.#holdersOf[number]!
    others.delete(holder)
    const state = this.#groupOf[number]!.state
    const gpuMilli = [...state.gpuMilli]
    for (const device of devices) gpuMilli[device]! += pod.gpuMilli
    let classes = 0
    for (const other of others) classes |= classOf(this.#held.get(other)!.pod)
    this.#move(number, {
      model: state.model,
      cpuMilli: state.cpuMilli + pod.cpuMilli,
      memoryMib: state.memoryMib + pod.memoryMib,
      gpuMilli,
      classes,
    })
    return true
  }

  stateOf(node: string): NodeState {
    return this.#groupOf[this.#numberOf(node)]!.state
  }

  /** All states that there are now, with the nodes in each, by name. */
  *groups(): Iterable<StateGroup> {
    for (const { state, numbers } of this.#groups.values())
      yield { state, nodes: numbers.map((number) => this.#nodes[number]!.name) }
  }

  #choiceOf({ state, choices }: Group, kind: string, pod: Pod): NodeChoice | null {
    const known = choices.get(kind)
    if (known !== undefined) return known
    if (choices.size >= choicesMax) choices.clear()
    const choice = fits(state, pod) ? this.policy.choose(state, pod) : null
    choices.set(kind, choice)
    return choice
  }

  #move(number: number, state: NodeState): void {
    const from = this.#groupOf[number]!
    from.numbers.splice(from.numbers.indexOf(number), 1)
    if (from.numbers.length === 0) this.#groups.delete(keyOf(from.state))
    this.#enter(number, state)
  }

  #enter(number: number, state: NodeState): void {
    const key = keyOf(state)
    const group = this.#groups.get(key) ?? { state, numbers: [], choices: new Map<string, NodeChoice | null>() }
    const after = group.numbers.findIndex((other) => other > number)
    group.numbers.splice(after < 0 ? group.numbers.length : after, 0, number)
    this.#groups.set(key, group)
    this.#groupOf[number] = group
  }

  #numberOf(node: string): number {
    return present(this.#numbers.get(node), `node ${node}`)
  }
}

function keyOf({ model, cpuMilli, memoryMib, gpuMilli, classes }: NodeState): string {
  return `${cpuMilli} ${memoryMib} ${gpuMilli.join(',')} ${classes} ${model}`
}
