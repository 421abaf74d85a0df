// A mail as text: headers, and parts of which the reader's program shows the last that it can.
import {randomBytes} from 'node:crypto';

export interface MailPart {
  readonly contentType: string;
  readonly text: string;
}

export interface MailMessage {
  /** Names and texts, which are encoded where they have to be. */
  readonly headers: readonly (readonly [string, string])[];
  /** Names and texts that are sent as they are. */
  readonly rawHeaders: readonly (readonly [string, string])[];
  readonly date: Date;
  readonly parts: readonly MailPart[];
}

/** Lines end with \r\n. */
export function formatMail(message: MailMessage, boundary = randomBytes(30).toString('hex')): string {
  const lines = [
    ...message.headers.map(([name, text]) => `${name}: ${encodeHeader(text)}`),
    ...message.rawHeaders.map(([name, text]) => `${name}: ${text}`),
    `Date: ${formatMailDate(message.date)}`,
    // Two spaces, as Alertmanager has always had it.
    `Content-Type: multipart/alternative;  boundary=${boundary}`,
    'MIME-Version: 1.0',
    '',
  ];
  for (const {contentType, text} of message.parts) {
    lines.push(
      `--${boundary}`,
      'Content-Transfer-Encoding: quoted-printable',
      `Content-Type: ${contentType}`,
      '',
      encodeQuotedPrintable(text),
    );
  }
  return `${lines.join('\r\n')}\r\n--${boundary}--\r\n`;
}

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Thu, 26 Nov 2026 09:05:00 +0100 */
export function formatMailDate(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const time = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':');
  const day = `${days[date.getDay()]!}, ${two(date.getDate())} ${months[date.getMonth()]!} ${date.getFullYear()}`;
  const offset = -date.getTimezoneOffset();
  const [hours, minutes] = [Math.trunc(Math.abs(offset) / 60), Math.abs(offset) % 60];
  return `${day} ${time} ${offset < 0 ? '-' : '+'}${two(hours)}${two(minutes)}`;
}

const wordStart = '=?utf-8?q?';
const wordEnd = '?=';
/** An encoded word has at most 75 characters. */
const wordContentMax = 75 - wordStart.length - wordEnd.length;

/** RFC 2047: a text with other than printable ASCII becomes encoded words. So no text can add a header. */
export function encodeHeader(text: string): string {
  if (/^[\t\x20-\x7e]*$/.test(text)) return text;
  const words = [''];
  for (const character of text.toWellFormed()) {
    const encoded = encodeForWord(character);
    if (words.at(-1)!.length + encoded.length > wordContentMax) words.push('');
    words[words.length - 1] += encoded;
  }
  return words.map((word) => wordStart + word + wordEnd).join('\r\n ');
}

function encodeForWord(character: string): string {
  if (character === ' ') return '_';
  if (/^[!-~]$/.test(character) && !/[=?_]/.test(character)) return character;
  return hexBytes(Buffer.from(character));
}

function hexBytes(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes) hex += `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return hex;
}

const lineMax = 76;

/** RFC 2045, 6.7. */
export function encodeQuotedPrintable(text: string): string {
  return text
    .toWellFormed()
    .split(/\r\n|\r|\n/)
    .map(encodeLine)
    .join('\r\n');
}

function encodeLine(line: string): string {
  // Fast path: most lines of a page are short ASCII.
  if (line.length < lineMax && /^[\t\x20-<>-~]*$/.test(line) && !/[\t ]$/.test(line)) return line;
  const bytes = Buffer.from(line);
  let encoded = '';
  let start = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    const isSpace = byte === 0x20 || byte === 0x09;
    const isPlain = (byte >= 0x21 && byte <= 0x7e && byte !== 0x3d) || (isSpace && i < bytes.length - 1);
    const piece = isPlain ? String.fromCharCode(byte) : hexBytes(bytes.subarray(i, i + 1));
    // One place is for the soft break, if the line goes on.
    if (encoded.length - start + piece.length > lineMax - 1) {
      encoded += '=\r\n';
      start = encoded.length;
    }
    encoded += piece;
  }
  return encoded;
}
