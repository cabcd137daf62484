// What the page says: English where nothing else is known, Spanish from here.

const storageKey = "rondo.language"

const spanish = {
  // The library
  "Songs": "Canciones", "Albums": "Álbumes", "Artists": "Artistas", "Genres": "Géneros", "Favourites": "Favoritas",
  "Playlists": "Listas", "Add music": "Añadir música", "The ring": "El anillo", "Library": "Biblioteca",
  "Search": "Buscar", "Search title, artist, album, genre": "Busca título, artista, álbum, género",
  "Skip to the music": "Ir a la música", "Title": "Título", "Artist": "Artista", "Album": "Álbum", "Genre": "Género",
  "Year": "Año", "Track": "Pista", "Length": "Duración", "Date added": "Fecha de llegada", "Sort by": "Ordenar por",
  "Filters": "Filtros", "1 song": "1 canción", "{n} songs": "{n} canciones", "{n} min": "{n} min",
  "{h} h {n} min": "{h} h {n} min", "{n} so far": "{n} por ahora", "Unknown Artist": "Artista desconocido",
  "Unknown Album": "Álbum desconocido", "No music yet": "Todavía no hay música",
  "Drop songs or whole folders onto this page, or choose them:":
    "Suelta canciones o carpetas enteras en esta página, o elígelas:",
  "From a terminal:": "Desde una terminal:",
  "MP3, FLAC, Ogg Vorbis, Opus, M4A, AAC, WAV and AIFF are welcome.":
    "Valen MP3, FLAC, Ogg Vorbis, Opus, M4A, AAC, WAV y AIFF.",
  "Nothing is found for “{words}”.": "No se encuentra nada para «{words}».",
  "Nothing is found.": "No se encuentra nada.",
  "The songs cannot be listed: {reason}": "No se pueden listar las canciones: {reason}", "Try again": "Reintentar",
  "No server that has this song can be reached now": "Ningún servidor que tenga esta canción está a mano ahora",
  "There is nothing here yet.": "Aquí todavía no hay nada.",
  // Songs and playlists
  "Play": "Reproducir", "Pause": "Pausa", "Play {title}": "Reproducir {title}", "Pause {title}": "Pausar {title}",
  "Shuffle": "Aleatorio", "More": "Más", "More about {title}": "Más sobre {title}", "Favourite": "Favorita",
  "Favourite: {title}": "Favorita: {title}", "Play next": "Reproducir a continuación",
  "Plays next: {title}": "A continuación: {title}", "Add to queue": "Añadir a la cola",
  "Added to the queue: {title}": "En la cola: {title}", "Add to playlist…": "Añadir a una lista…",
  "Add to playlist": "Añadir a una lista", "A new playlist": "Una lista nueva", "My playlist": "Mi lista",
  "Name": "Nombre", "Playlist": "Lista", "Add": "Añadir", "Added to the playlist": "Añadida a la lista",
  "Take out of favourites": "Quitar de favoritas", "Add to favourites": "Añadir a favoritas",
  "Added to favourites": "Añadida a favoritas", "Taken out of favourites": "Quitada de favoritas",
  "Go to album": "Ir al álbum", "Go to artist": "Ir al artista", "Edit tags…": "Editar etiquetas…",
  "Edit tags": "Editar etiquetas", "Download": "Descargar", "Delete…": "Borrar…", "Delete": "Borrar",
  "Delete this song?": "¿Borrar esta canción?",
  "“{title}” goes from every server, for everybody.": "«{title}» se va de todos los servidores, para todos.",
  "Keep it": "Conservar", "“{title}” will be deleted": "«{title}» se borrará", "Undo": "Deshacer",
  "“{title}” is back": "«{title}» ha vuelto",
  "“{title}” could not be deleted: {reason}": "No se pudo borrar «{title}»: {reason}",
  "Cancel": "Cancelar", "Save": "Guardar", "Saved": "Guardado",
  "The tags could not be saved: {reason}": "No se pudieron guardar las etiquetas: {reason}", "New": "Nueva",
  "Move up": "Subir", "Move down": "Bajar", "Take out of the playlist": "Quitar de la lista",
  "Rename…": "Renombrar…", "Rename the playlist": "Renombrar la lista",
  "Delete this playlist?": "¿Borrar esta lista?", "Its songs stay in the library.": "Sus canciones se quedan.",
  // The player and the queue
  "Player": "Reproductor", "Nothing plays": "No suena nada", "Previous song": "Canción anterior",
  "Next song": "Canción siguiente", "Place in the song": "Lugar en la canción", "Volume": "Volumen",
  "Mute": "Silenciar", "Sound on": "Activar sonido", "Queue": "Cola", "Clear": "Vaciar",
  "Close the queue": "Cerrar la cola", "The queue is empty.": "La cola está vacía.", "and {n} more": "y {n} más",
  "Alt and the arrow keys move it, Delete takes it out": "Alt y las flechas la mueven, Supr la quita",
  "Take out: {title}": "Quitar: {title}", "{title} is now number {n}": "{title} es ahora la número {n}",
  "Repeat: off": "Repetir: no", "Repeat: the whole queue": "Repetir: toda la cola",
  "Repeat: this song": "Repetir: esta canción", "{a} of {b}": "{a} de {b}",
  "The server that sends the music now. When it dies, the next one goes on at the same byte.":
    "El servidor que envía la música ahora. Si muere, otro sigue en el mismo byte.",
  "Now playing: {title} by {artist}": "Suena: {title} de {artist}",
  "“{title}” cannot be played: {reason}": "«{title}» no se puede reproducir: {reason}",
  // Uploads
  "Drop music here to add it": "Suelta música aquí para añadirla",
  "Drop songs or whole folders anywhere on this page": "Suelta canciones o carpetas en cualquier lugar de la página",
  "Choose songs": "Elegir canciones", "Choose a folder": "Elegir una carpeta",
  "Give all of them other tags": "Dar otras etiquetas a todas", "All uploads": "Todas las subidas",
  "Upload of {name}": "Subida de {name}", "Hide what is finished": "Ocultar lo terminado",
  "{n} of {all} done": "{n} de {all} listas", "{n} refused": "{n} rechazadas", "waiting": "en espera",
  "making copies": "haciendo copias", "added": "añadida", "was here already": "ya estaba",
  "cancelled": "cancelada", "moved to {host}": "pasó a {host}", "No Router answers.": "Ningún Router responde.",
  "There is no music in what was dropped.": "No hay música en lo que se soltó.",
  "This is no music that Rondo knows.": "Esto no es música que Rondo conozca.",
  "This is music in a format that Rondo does not know.": "Es música en un formato que Rondo no conoce.",
  "The file ends too early: it is cut off.": "El archivo acaba antes de tiempo: está cortado.",
  "The file is empty.": "El archivo está vacío.", "The file is too large.": "El archivo es demasiado grande.",
  "The servers' disks are full.": "Los discos de los servidores están llenos.",
  "Too few servers are there to keep it safely.": "Hay muy pocos servidores para guardarla con seguridad.",
  "Another recording has this title, artist and album already. Give this one other tags above.":
    "Otra grabación ya tiene este título, artista y álbum. Dale otras etiquetas arriba.",
  "This page may not add music.": "Esta página no puede añadir música.",
  "Write token": "Clave de escritura", "Use it": "Usarla",
  "Changing this library needs its write token. Its operator has it.":
    "Cambiar esta biblioteca requiere su clave de escritura. La tiene quien la opera.",
  // The ring
  "Data": "Data", "Router": "Router", "alive": "vivo", "suspect": "sospechoso", "dead": "muerto", "left": "se fue",
  "leaving": "yéndose",
  "gone": "se fue", "{n} servers": "{n} servidores", "A ring of {n} servers": "Un anillo de {n} servidores",
  "Data : Router, wanted 2 : 3": "Data : Router, meta 2 : 3", "all chunks safe": "todo a salvo",
  "{n} chunks under repair": "{n} trozos en reparación", "{n} chunks": "{n} trozos",
  "{n} chunks without a copy in reach": "{n} trozos sin copia a mano", "about {n} s left": "quedan unos {n} s",
  "some music is out of reach": "hay música fuera de alcance", "roles in balance": "papeles en equilibrio",
  "wanted: {d} Data, {r} Router": "meta: {d} Data, {r} Router", "listening to {n}": "escuchando a {n}",
  "What happens": "Qué pasa", "All servers": "Todos los servidores", "Server": "Servidor", "Role": "Papel",
  "State": "Estado", "Links forward to": "Enlaza hacia", "Chunks": "Trozos", "Holds": "Guarda",
  "Streams": "Oyentes", "To stop it": "Para pararlo", "Id": "Id", "Incarnation": "Encarnación",
  "Predecessor": "Predecesor", "Process": "Proceso", "Copy this command": "Copiar esta orden",
  "Copied: {text}": "Copiado: {text}",
  "Nothing has happened since you are here.": "No ha pasado nada desde que estás aquí.",
  "{about} has joined the ring.": "{about} entra en el anillo.",
  "{teller} hears nothing of {about} and asks others.": "{teller} no oye a {about} y pregunta a otros.",
  "{about} answers again; it was only slow.": "{about} responde de nuevo; solo iba lento.",
  "{about} is dead. The ring closes around the gap.": "{about} ha muerto. El anillo cierra el hueco.",
  "{about} has left in order.": "{about} se fue en orden.", "{about} is back.": "{about} ha vuelto.",
  "{about} says that it lives.": "{about} dice que vive.",
  "{teller} sends an alert round the ring: {list}.": "{teller} manda una alerta por el anillo: {list}.",
  "{teller} adds its row to the alert and passes it to {next}.":
    "{teller} añade su fila a la alerta y la pasa a {next}.",
  "The alert is back: {about} is manager for this moment and counts the roles.":
    "La alerta ha vuelto: {about} es gestor por ahora y cuenta los papeles.",
  "A {role} is short: {list} is to become one.": "Falta un {role}: {list} lo será.",
  "{about} is now {role}.": "{about} es ahora {role}.",
  "Repair: {n} copies are being made.": "Reparación: se hacen {n} copias.",
  "Repair is done: every chunk has its copies.": "Reparado: cada trozo tiene sus copias.",
  "What am I seeing?": "¿Qué estoy viendo?",
  "Every shape is one server. Together they are a ring in the order of their ids, and no one leads it.":
    "Cada figura es un servidor. Juntos forman un anillo en el orden de sus ids, y nadie lo dirige.",
  "Squares (D) are Data servers: they keep the music. Circles (R) are Routers: they send it to listeners like you. \
Two Data for three Routers is what the ring wants.":
    "Los cuadrados (D) son Data: guardan la música. Los círculos (R) son Routers: la envían a oyentes como tú. \
El anillo quiere dos Data por cada tres Routers.",
  "Songs are cut into chunks of about ten seconds. Each chunk lies on three servers.":
    "Las canciones se cortan en trozos de unos diez segundos. Cada trozo está en tres servidores.",
  "The arrows are links: each server watches the next one (solid) and the one after it (dashed).":
    "Las flechas son enlaces: cada servidor vigila al siguiente (continua) y al que va después (discontinua).",
  "When a server dies, those that watch it notice and close the gap. An alert goes round the ring, every server adds \
its row, and the sender is manager (with a crown) until the roles are in order again: it says who takes which.":
    "Cuando un servidor muere, quienes lo vigilan lo notan y cierran el hueco. Una alerta recorre el anillo, cada \
servidor añade su fila, y quien la envió es gestor (con corona) hasta que los papeles están en orden: dice quién toma \
cuál.",
  "Chunks that lost a copy get a new one within seconds. Try it: play a song, stop the server that sends it with the \
command in the table below, and listen.":
    "Los trozos que perdieron una copia tienen otra en segundos. Pruébalo: pon una canción, para el servidor que la \
envía con la orden de la tabla de abajo, y escucha.",
  // Keys
  "Keys": "Teclas", "Close": "Cerrar", "Play or pause": "Reproducir o pausar",
  "5 seconds back or on": "5 segundos atrás o adelante", "Go to a tenth of the song": "Ir a un décimo de la canción",
  "Louder or softer": "Más o menos volumen", "Repeat": "Repetir", "Favourite: what plays": "Favorita: lo que suena",
  "Show or hide the queue": "Mostrar u ocultar la cola",
  "The songs, add music, the ring": "Canciones, añadir música, el anillo", "Go through a list": "Recorrer una lista",
  "Play the marked song": "Reproducir la canción marcada",
  "The marked song: queue, favourite, edit": "La marcada: a la cola, favorita, editar",
  "The marked song: menu": "La marcada: menú", "The marked song: delete": "La marcada: borrar",
  "Move a song in the queue": "Mover una canción en la cola", "Show the keys": "Mostrar las teclas",
}

function initial() {
  let kept = null
  try { kept = localStorage.getItem(storageKey) } catch { /* Storage is off. */ }
  if (kept === "en" || kept === "es") return kept
  return (navigator.languages ?? [navigator.language]).find((code) => /^(en|es)\b/.test(code))?.slice(0, 2) ?? "en"
}
let current = initial()

export const language = () => current

export function setLanguage(code) {
  current = code
  try { localStorage.setItem(storageKey, code) } catch { /* Storage is off. */ }
}

/** Words that are missing in the dictionary, for the test that wants none. */
export const missing = new Set()

/** A text in the listener's language, with values in the place of `{names}`. */
export function t(text, values = {}) {
  if (current === "es" && !(text in spanish)) missing.add(text)
  const words = current === "es" ? spanish[text] ?? text : text
  return words.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole))
}

/** Puts the texts of `data-t…` attributes into the document. */
export function translate() {
  document.documentElement.lang = current
  for (const node of document.querySelectorAll("[data-t]")) node.textContent = t(node.dataset.t)
  for (const node of document.querySelectorAll("[data-t-label]")) {
    node.setAttribute("aria-label", t(node.dataset.tLabel))
  }
  for (const node of document.querySelectorAll("[data-t-placeholder]")) {
    node.placeholder = t(node.dataset.tPlaceholder)
  }
}
