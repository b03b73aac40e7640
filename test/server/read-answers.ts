/** What a client finds on its connection, read by other code than the server's. */
export interface ReadAnswer {
  readonly status: number;
  /** The request it says it belongs to; null where it says none. */
  readonly id: string | null;
  readonly body: string;
  /** Whether it came to its end before the connection did. */
  readonly whole: boolean;
  readonly closes: boolean;
}

/**
 * Reads all answers of a connection. Interim ones are passed over.
 * @param text one character for each byte. @param methods of the requests, in their order
 * @param ended whether the server has said that no more comes
 */
export function readAnswers(text: string, methods: readonly string[], ended: boolean): readonly ReadAnswer[] {
  const answers: ReadAnswer[] = [];
  let at = 0;
  while (at < text.length) {
    const headEnd = text.indexOf('\r\n\r\n', at);
    if (headEnd === -1) {
      if (!text.slice(at, at + 8).startsWith('HTTP/1.1'.slice(0, text.length - at))) throw new Error(text.slice(at));
      return [...answers, { status: 0, id: null, body: '', whole: false, closes: false }];
    }
    const head = text.slice(at, headEnd);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1]);
    if (Number.isNaN(status)) throw new Error(`No answer begins so: ${text.slice(at, at + 80)}`);
    at = headEnd + 4;
    if (status < 200) continue;
    const length = /^content-length: (\d+)$/m.exec(head.replaceAll('\r', ''))?.[1];
    const hasNone = methods[answers.length] === 'HEAD';
    const closes = head.includes('connection: close');
    const id = /x-id: (\S+)/.exec(head)?.[1] ?? null;
    const read = hasNone
      ? { body: '', end: at }
      : length === undefined
        ? chunks(text, at, closes && ended)
        : counted(text, at, Number(length));
    answers.push({ status, id, closes, body: read.body, whole: read.end !== null });
    if (read.end === null) return answers;
    at = read.end;
  }
  return answers;
}

interface Read {
  readonly body: string;
  /** Null where it is not whole. */
  readonly end: number | null;
}

function counted(text: string, at: number, length: number): Read {
  const body = text.slice(at, at + length);
  return { body, end: body.length === length ? at + length : null };
}

function chunks(text: string, from: number, mayEnd: boolean): Read {
  let at = from;
  let body = '';
  for (;;) {
    const [line, digits] = /^([0-9a-f]+)\r\n/.exec(text.slice(at, at + 20)) ?? [];
    if (line === undefined || digits === undefined) {
      // To HTTP/1.0 a body goes without chunks.
      if (mayEnd && at === from) return { body: text.slice(at), end: text.length };
      return { body, end: null };
    }
    const size = parseInt(digits, 16);
    const dataAt = at + line.length;
    body += text.slice(dataAt, dataAt + size);
    at = dataAt + size + 2;
    if (at > text.length) return { body, end: null };
    if (text.slice(at - 2, at) !== '\r\n') throw new Error('A chunk does not end where it says.');
    if (size === 0) return { body, end: at };
  }
}
