import { HttpFault } from './http-fault.ts';

/** A chunk's length, in hexadecimal digits. */
const SIZE_DIGITS_MAX = 12;
/** What may follow it on its line: of all chunks together, or a body of single bytes could take for ever. CVE-2024-22019 */
const EXTENSION_BYTES_MAX = 16 * 1024;
const TRAILER_BYTES_MAX = 64 * 1024;

const EMPTY_LINE_BYTES = 2;
const CR = 13;
const LF = 10;
const SEMICOLON = 59;
const COLON = 58;
const TAB = 9;
const DELETE = 127;
/** RFC 9110: what the name of a field is made of. */
const NAME_CHARACTER = /[!#$%&'*+\-.^_`|~\w]/;

type Place = 'size' | 'extension' | 'sizeLf' | 'dataCr' | 'dataLf' | 'trailers';

/** What stands between the pieces of a chunked body, byte for byte: RFC 9112, section 7.1. */
export class ChunkFraming {
  #place: Place = 'size';
  #size = 0;
  #digits = 0;
  #extensionBytes = 0;
  #trailerBytes = 0;
  /** Of the trailers' last line, without its CR. */
  #lineBytes = 0;
  /** Whether that line has had its name. */
  #named = false;
  #afterCr = false;

  /** A body begins. */
  begin(): void {
    this.#beginChunk();
    this.#extensionBytes = 0;
    this.#trailerBytes = 0;
    this.#lineBytes = 0;
    this.#named = false;
    this.#afterCr = false;
  }

  /** Whether fields have come after the body. */
  get hasTrailers(): boolean {
    return this.#trailerBytes > EMPTY_LINE_BYTES;
  }

  /**
   * @returns how many bytes of the body come next, 0 when it is over, null while that has not been said
   * @throws HttpFault
   */
  read(byte: number): number | null {
    switch (this.#place) {
      case 'size':
        this.#readSize(byte);
        return null;
      case 'extension':
        this.#extensionBytes += 1;
        if (this.#extensionBytes > EXTENSION_BYTES_MAX) throw malformed();
        if (byte === CR) this.#place = 'sizeLf';
        else if (!isFieldByte(byte)) throw malformed();
        return null;
      case 'sizeLf':
        if (byte !== LF) throw malformed();
        this.#place = this.#size === 0 ? 'trailers' : 'dataCr';
        return this.#size === 0 ? null : this.#size;
      case 'dataCr':
        if (byte !== CR) throw malformed();
        this.#place = 'dataLf';
        return null;
      case 'dataLf':
        if (byte !== LF) throw malformed();
        this.#beginChunk();
        return null;
      case 'trailers':
        return this.#skipTrailer(byte);
    }
  }

  #readSize(byte: number): void {
    const digit = hexDigit(byte);
    if (digit !== null) {
      this.#digits += 1;
      if (this.#digits > SIZE_DIGITS_MAX) throw malformed();
      this.#size = this.#size * 16 + digit;
      return;
    }
    if (this.#digits === 0) throw malformed();
    if (byte === CR) this.#place = 'sizeLf';
    else if (byte === SEMICOLON) this.#place = 'extension';
    else throw malformed();
  }

  /**
   * Trailers are not passed on: no operation of Bedrock has any. An empty line ends them. What is no field is refused, as
   * it might be an answer that the connection's next request would wait for.
   */
  #skipTrailer(byte: number): 0 | null {
    this.#trailerBytes += 1;
    if ((byte === LF) !== this.#afterCr || this.#trailerBytes > TRAILER_BYTES_MAX) throw malformed();
    if (byte === LF) {
      if (this.#lineBytes === 0) return 0;
      this.#afterCr = false;
      this.#lineBytes = 0;
      this.#named = false;
    } else if (byte === CR) {
      if (this.#lineBytes > 0 && !this.#named) throw malformed();
      this.#afterCr = true;
    } else {
      this.#readTrailer(byte);
    }
    return null;
  }

  #readTrailer(byte: number): void {
    if (!this.#named && byte === COLON && this.#lineBytes > 0) this.#named = true;
    else if (this.#named ? !isFieldByte(byte) : !NAME_CHARACTER.test(String.fromCharCode(byte))) throw malformed();
    this.#lineBytes += 1;
  }

  #beginChunk(): void {
    this.#place = 'size';
    this.#size = 0;
    this.#digits = 0;
  }
}

function malformed(): HttpFault {
  return new HttpFault('The chunks of a body are not well-formed.');
}

/** What a field value, or an extension, may be made of. */
function isFieldByte(byte: number): boolean {
  return byte === TAB || (byte >= 0x20 && byte !== DELETE);
}

function hexDigit(byte: number): number | null {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const lower = byte | 0x20;
  return lower >= 97 && lower <= 102 ? lower - 87 : null;
}
