import { fileURLToPath } from 'node:url'
import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'

/** A running box for `npm run dev`, started by `cargo xtask up`. */
const box = process.env['CROFT_URL'] ?? 'https://localhost:8443'

export default defineConfig({
  plugins: [react(), tailwindcss()],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2022',
    // The content security policy knows no data: URLs for fonts and scripts, so nothing is inlined.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      input: {
        index: fileURLToPath(new URL('./index.html', import.meta.url)),
        door: fileURLToPath(new URL('./door/index.html', import.meta.url)),
      },
      // Port 80 serves the folder door/ and nothing else, so what its page needs lies in it.
      output: {
        entryFileNames: (chunk) => chunk.name === 'door' ? 'door/[name]-[hash].js' : 'assets/[name]-[hash].js',
        assetFileNames: (asset) => asset.names.includes('door.css') ? 'door/[name]-[hash][extname]' : 'assets/[name]-[hash][extname]',
      },
    },
  },
  server: { proxy: { '^/(api|dav|healthz)': { target: box, secure: false, changeOrigin: true } } },
  test: { environment: 'jsdom', include: ['src/**/*.test.{ts,tsx}'] },
})
