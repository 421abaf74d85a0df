/**
 * Copies a text; false when the browser does not allow it. Browsers offer the clipboard only to pages served over HTTPS
 * or from this machine, and monitoring is often neither: then an invisible text field is selected and copied.
 */
export async function copyText(text: string): Promise<boolean> {
  if (window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return true;
    } catch {
      // Not allowed in this frame, perhaps: try the other way.
    }
  }
  const field = document.createElement('textarea');
  field.value = text;
  field.style.cssText = 'position: fixed; opacity: 0';
  document.body.append(field);
  const focused = document.activeElement;
  field.select();
  try {
    return document.execCommand('copy');
  } finally {
    field.remove();
    if (focused instanceof HTMLElement) focused.focus();
  }
}
