/** Where a person finds what an expression gives now. */
export function generatorUrlOf(externalUrl: string, expr: string): string {
  return `${externalUrl}/graph?g0.expr=${escapeQuery(expr)}&g0.tab=1`;
}

/** As Go's url.QueryEscape. */
function escapeQuery(text: string): string {
  return encodeURIComponent(text.toWellFormed())
    .replaceAll('%20', '+')
    .replaceAll(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
