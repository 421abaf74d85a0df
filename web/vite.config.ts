// Builds the web UI into web/dist, which the server serves: index.html for every page, the rest under assets/.
// `vite web` serves the sources and sends API requests to NARTHEX_URL.
import react from '@vitejs/plugin-react';
import {defineConfig} from 'vite';

const backend = process.env['NARTHEX_URL'] ?? 'http://127.0.0.1:9090';

export default defineConfig({
  root: import.meta.dirname,
  // Relative addresses: the same build works below any path prefix (--web.external-url, --web.route-prefix).
  base: './',
  plugins: [react()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: {polyfill: false},
    chunkSizeWarningLimit: 700,
    license: {fileName: 'assets/licenses.md'},
  },
  server: {
    port: 5173,
    proxy: {'/api': backend, '/-': backend},
    // The UI shares the duration and PromQL code of ../src.
    fs: {allow: ['..']},
  },
});
