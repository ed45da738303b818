// The least that speaks HTTP/1.1 over connections that stay open, so that the client costs little of what is measured.
import { connect, type Socket } from 'node:net'

export type Ask = (done: (status: number) => void) => void

type Connection = { readonly socket: Socket; text: string; done: ((status: number) => void) | null }

/** Asks over whichever connection is free, and opens another one where none is, up to `connectionsMax`. */
export function httpAsk(address: string, path: string, body: string, connectionsMax: number): Ask {
  const at = address.lastIndexOf(':')
  const [host, port] = [address.slice(0, at), Number(address.slice(at + 1))]
  const type = 'content-type: application/json'
  const request = `POST ${path} HTTP/1.1\r\nhost: ${address}\r\n${type}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  const free: Connection[] = []
  let open = 0
  const finish = (connection: Connection, status: number): void => {
    const { done } = connection
    connection.done = null
    done?.(status)
  }
  const opened = (): Connection => {
    const socket = connect({ host, port, noDelay: true })
    const connection: Connection = { socket, text: '', done: null }
    open += 1
    socket.setEncoding('latin1')
    socket.on('data', (text: string) => {
      connection.text += text
      const status = wholeAnswer(connection)
      if (status === null) return
      const { done } = connection
      connection.done = null
      free.push(connection)
      done?.(status)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      open -= 1
      const place = free.indexOf(connection)
      if (place >= 0) free.splice(place, 1)
      finish(connection, 0)
    })
    return connection
  }
  return (done) => {
    const connection = free.pop() ?? (open < connectionsMax ? opened() : null)
    if (connection === null) return done(-1)
    connection.done = done
    connection.socket.write(request)
  }
}

/** Its status once all of it is here. */
function wholeAnswer(connection: Connection): number | null {
  const { text } = connection
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return null
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(text.slice(0, end))?.[1] ?? 0)
  if (text.length < end + 4 + length) return null
  connection.text = text.slice(end + 4 + length)
  return Number(text.slice(9, 12))
}
