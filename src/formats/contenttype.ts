import type {ExpositionFormat} from './exposition.ts';

const mediaTypes: Record<string, ExpositionFormat | 'protobuf'> = {
  'application/openmetrics-text': 'openmetrics',
  'application/vnd.google.protobuf': 'protobuf',
  'text/plain': 'text',
};

/** Formats of the protocols that `fallback_scrape_protocol` may name. */
const protocols: Record<string, ExpositionFormat | 'protobuf'> = {
  PrometheusProto: 'protobuf',
  'PrometheusText0.0.4': 'text',
  'PrometheusText1.0.0': 'text',
  'OpenMetricsText0.0.1': 'openmetrics',
  'OpenMetricsText1.0.0': 'openmetrics',
};

const token = String.raw`[!#$%&'*+\-.^_\`|~0-9A-Za-z]+`;
const parameter = String.raw`\s*;\s*(?:${token}\s*=\s*(?:${token}|"(?:[^"\\]|\\.)*"))?`;
/** What most targets say, and what was found out about it. */
let lastType = '';
let lastFormat: ExpositionFormat | 'protobuf' | undefined;
const mediaType = new RegExp(`^\\s*(${token}(?:/${token})?)(?:${parameter})*\\s*$`);

/**
 * The format of a body, by Prometheus 3's rules: an absent, malformed or unknown Content-Type needs a
 * `fallback_scrape_protocol` ('' = none). Throws TypeError where the body cannot be read.
 */
export function formatOf(contentType: string, fallbackProtocol: string): ExpositionFormat | 'protobuf' {
  if (contentType === lastType && lastFormat !== undefined) return lastFormat;
  const match = mediaType.exec(contentType);
  const format = match === null ? undefined : mediaTypes[match[1]!.toLowerCase()];
  lastType = contentType;
  lastFormat = format;
  const chosen = format ?? protocols[fallbackProtocol];
  if (chosen !== undefined) return chosen;
  if (contentType === '') {
    throw new TypeError(
      'non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target',
    );
  }
  if (match === null) {
    throw new TypeError(
      `cannot parse Content-Type ${JSON.stringify(contentType)} and no fallback_scrape_protocol for target`,
    );
  }
  throw new TypeError(
    `received unsupported Content-Type ${JSON.stringify(contentType)} and no fallback_scrape_protocol specified for target`,
  );
}
