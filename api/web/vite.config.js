import { defineConfig } from 'vite';

// GraphiQL carries 350 kB of Latin web fonts inside its CSS; system fonts serve English and 中文 as well.
const systemFonts = {
  name: 'system-fonts',
  enforce: 'pre',
  transform: (code, id) => (id.endsWith('/graphiql/dist/style.css') ? code.replace(/@font-face\s*{[^}]*}/g, '') : null),
};

// `npm run dev` serves the pages alone; the API behind them is a running `gonghui serve`.
const api = { target: 'http://127.0.0.1:8000', ws: true };

export default defineConfig({
  appType: 'mpa',
  plugins: [systemFonts],
  build: {
    rolldownOptions: {
      input: 'graphiql.html', // the front page is public/index.html, copied as it is
      // GraphiQL loads all of its forty pieces at once: one file is quicker.
      output: { codeSplitting: false },
      // "use client" and "use memo" mean nothing outside a React server.
      onLog: (level, log, print) => log.code !== 'MODULE_LEVEL_DIRECTIVE' && print(level, log),
    },
    license: { fileName: 'assets/licenses.md' },
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
  },
  server: {
    proxy: { '^/(graphql|oauth/token|schema\\.graphql|healthz|readyz)$': api },
  },
});
