"""The words of the demo market: four for each niche, in each of its languages."""

LANGUAGES = ("en", "es", "de")
#: Four words for each niche in each of LANGUAGES, for captions, hashtags and profiles.
NICHE_WORDS = {
    "art": (
        "painting canvas sketch gallery",
        "pintura lienzo boceto galeria",
        "malerei leinwand skizze galerie",
    ),
    "automotive": (
        "car engine garage horsepower",
        "coche motor taller caballos",
        "auto motor werkstatt leistung",
    ),
    "beauty": (
        "makeup skincare lipstick serum",
        "maquillaje labial serum piel",
        "schminke hautpflege serum haut",
    ),
    "books": (
        "novel author reading library",
        "novela autora lectura biblioteca",
        "roman autorin lesen bibliothek",
    ),
    "business": (
        "startup founder marketing sales",
        "empresa ventas cliente negocio",
        "firma vertrieb kunde umsatz",
    ),
    "comedy": (
        "joke sketch prank funny",
        "chiste broma risa humor",
        "witz streich lachen humor",
    ),
    "dance": (
        "choreography ballet hiphop moves",
        "baile coreografia pasos ritmo",
        "tanz schritte ballett takt",
    ),
    "diy": (
        "handmade craft woodwork glue",
        "manualidades madera pegamento taller",
        "basteln holz werkzeug kleber",
    ),
    "education": (
        "lesson study exam teacher",
        "clase estudio examen maestra",
        "unterricht lernen klausur lehrerin",
    ),
    "entertainment": (
        "movie series celebrity trailer",
        "pelicula serie famosos estreno",
        "film serie promis kino",
    ),
    "family": (
        "baby toddler parenting kids",
        "bebe crianza hijos mama",
        "baby erziehung kinder mama",
    ),
    "fashion": (
        "outfit dress sneakers style",
        "moda vestido zapatos estilo",
        "mode kleid schuhe stil",
    ),
    "finance": (
        "investing budget stocks savings",
        "inversion ahorro bolsa dinero",
        "aktien sparen geldanlage zinsen",
    ),
    "fitness": (
        "workout gym squat protein",
        "entreno gimnasio pesas proteina",
        "training hanteln kniebeuge eiweiss",
    ),
    "food": (
        "recipe dinner baking sauce",
        "receta cena horno salsa",
        "rezept abendessen backen sosse",
    ),
    "gaming": (
        "console gameplay streamer speedrun",
        "consola partida jugador mando",
        "konsole zocken spielstand rang",
    ),
    "health": (
        "sleep nutrition wellness vitamins",
        "sueno nutricion salud cuerpo",
        "schlaf ernaehrung arzt koerper",
    ),
    "home": (
        "interior sofa kitchen decor",
        "salon sofa cocina decoracion",
        "wohnzimmer sofa kueche deko",
    ),
    "lifestyle": (
        "routine morning coffee diary",
        "rutina manana cafe diario",
        "routine morgen kaffee tagebuch",
    ),
    "motivation": (
        "mindset goals discipline dream",
        "metas disciplina sueno exito",
        "ziele disziplin traum erfolg",
    ),
    "music": (
        "song guitar concert album",
        "cancion guitarra concierto disco",
        "lied gitarre konzert album",
    ),
    "news": (
        "headline election report senate",
        "noticia elecciones politica debate",
        "nachricht wahl bericht partei",
    ),
    "pets": (
        "puppy cat dog vet",
        "perro gato cachorro veterinaria",
        "hund katze welpe tierarzt",
    ),
    "photography": (
        "camera lens portrait exposure",
        "camara lente retrato foco",
        "kamera objektiv portrait blende",
    ),
    "religion": (
        "prayer faith church scripture",
        "oracion iglesia fe biblia",
        "gebet glaube kirche bibel",
    ),
    "sports": (
        "football match league goal",
        "futbol partido liga gol",
        "fussball spiel liga tor",
    ),
    "technology": (
        "smartphone laptop gadget software",
        "movil portatil aparato chip",
        "handy laptop geraet rechner",
    ),
    "travel": (
        "beach flight hotel mountains",
        "playa vuelo hotel montanas",
        "strand flug hotel berge",
    ),
}
