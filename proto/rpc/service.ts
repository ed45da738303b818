// How a service looks in our code: plain objects with one async function per method, derived from the generated types.
// A component exports an `Implementation` and takes `RpcClient`s; neither knows of gRPC, so a simulator can join them.
//
//   unary             getJob(request, call): Promise<Response>
//   server streaming  watchJob(request, call): AsyncIterable<Response>
//   client streaming  uploadBundle(requests, call): Promise<Response>
//   bidirectional     connect(requests, call): AsyncIterable<Response>
import type {
  handleBidiStreamingCall,
  handleClientStreamingCall,
  handleServerStreamingCall,
  handleUnaryCall,
} from '@grpc/grpc-js'
import type { MethodDefinition } from '@grpc/proto-loader'
import type { AnyHandlers, ServiceName, Services } from './services.ts'

export type CallContext = {
  /** Aborted when the caller cancels or goes away, at the deadline, and when the server stops. */
  readonly signal: AbortSignal
  /** Milliseconds since the Unix epoch. */
  readonly deadlineAtMs: number | null
  /** The other side's `host:port`, or "unix". */
  readonly peer: string
}

export type CallOptions = {
  /** From now; a unary call without one takes the client's. */
  readonly deadlineMs?: number
  /** Cancels the call. */
  readonly signal?: AbortSignal
}

/** What a server offers. Requests arrive complete, responses may leave out fields that keep their default. */
export type Implementation<Handlers extends AnyHandlers> = {
  readonly [Name in MethodName<Handlers> as Uncapitalize<Name>]: ServerMethod<Handlers[Name & keyof Handlers]>
}

/** What a client sees. Requests may leave out fields, responses arrive complete; errors are CloudlessErrors. */
export type RpcClient<Handlers extends AnyHandlers> = {
  readonly [Name in MethodName<Handlers> as Uncapitalize<Name>]: ClientMethod<
    Handlers[Name & keyof Handlers],
    DefinitionOf<Handlers>[Name & keyof DefinitionOf<Handlers>]
  >
}

/** The generated interfaces also have an index signature, which is no method. */
type MethodName<Handlers> = keyof {
  [Name in keyof Handlers as string extends Name ? never : number extends Name ? never : Name]: true
} &
  string

type ServerMethod<Handler> =
  Handler extends handleBidiStreamingCall<infer Request, infer Response>
    ? (requests: AsyncIterable<Request>, call: CallContext) => AsyncIterable<Response>
    : Handler extends handleClientStreamingCall<infer Request, infer Response>
      ? (requests: AsyncIterable<Request>, call: CallContext) => Promise<Response>
      : Handler extends handleServerStreamingCall<infer Request, infer Response>
        ? (request: Request, call: CallContext) => AsyncIterable<Response>
        : Handler extends handleUnaryCall<infer Request, infer Response>
          ? (request: Request, call: CallContext) => Promise<Response>
          : never

type ClientMethod<Handler, Definition> =
  Definition extends MethodDefinition<infer Request, infer Sent, infer Received, infer Response>
    ? Handler extends handleBidiStreamingCall<Received, Sent>
      ? (requests: AsyncIterable<Request>, options?: CallOptions) => AsyncIterable<Response>
      : Handler extends handleClientStreamingCall<Received, Sent>
        ? (requests: AsyncIterable<Request>, options?: CallOptions) => Promise<Response>
        : Handler extends handleServerStreamingCall<Received, Sent>
          ? (request: Request, options?: CallOptions) => AsyncIterable<Response>
          : (request: Request, options?: CallOptions) => Promise<Response>
    : never

type DefinitionOf<Handlers> = {
  [Name in ServiceName]: MethodNamesMatch<Handlers, Services[Name]['handlers']> extends true
    ? Services[Name]['definition']
    : never
}[ServiceName]

type MethodNamesMatch<A, B> = [MethodName<A>] extends [MethodName<B>]
  ? [MethodName<B>] extends [MethodName<A>]
    ? true
    : false
  : false
