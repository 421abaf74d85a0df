// The look: colours, fonts, and what Mantine's components do by default. Colours that only our own styles use are in
// app.css.
import {createTheme, localStorageColorSchemeManager} from '@mantine/core';

/** Read before the first paint, too: public/assets/color-scheme.js. */
export const colorSchemeManager = localStorageColorSchemeManager({key: 'narthex.theme'});

const sans =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Hiragino Sans", "Hiragino Kaku Gothic ProN", "Noto Sans JP", ' +
  '"Noto Sans CJK JP", "Yu Gothic UI", Meiryo, sans-serif, "Apple Color Emoji", "Segoe UI Emoji", "Noto Color Emoji"';
const mono =
  'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", "Liberation Mono", "Noto Sans Mono CJK JP", ' +
  '"Hiragino Sans", "Noto Sans JP", monospace';

export const theme = createTheme({
  primaryColor: 'fennel',
  primaryShade: 7,
  autoContrast: true,
  colors: {
    fennel: [
      '#e6f7f1',
      '#cdeee1',
      '#9cdcc4',
      '#6acaa6',
      '#43bb8f',
      '#22ab7c',
      '#14966d',
      '#0e7a58',
      '#0a6247',
      '#064a35',
    ],
    dark: [
      '#d6dcda',
      '#b7bfbc',
      '#919b98',
      '#6c7673',
      '#3b4341',
      '#2f3634',
      '#262c2b',
      '#1b201f',
      '#161a19',
      '#101313',
    ],
  },
  fontFamily: sans,
  fontFamilyMonospace: mono,
  headings: {fontFamily: sans, fontWeight: '650'},
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    ActionIcon: {defaultProps: {variant: 'subtle', color: 'gray'}},
    Tooltip: {
      defaultProps: {openDelay: 400, withArrow: true, events: {hover: true, focus: true, touch: false}},
    },
    Menu: {defaultProps: {shadow: 'md', position: 'bottom-end', withinPortal: true}},
    Popover: {defaultProps: {shadow: 'md', withinPortal: true}},
    Modal: {defaultProps: {radius: 'md'}},
  },
});
