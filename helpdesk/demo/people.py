"""The made-up people of the demo: a logistics group in Hong Kong, Singapore, Shenzhen and Leeds."""

ORGANISATIONS: list[tuple[str, str, str, list[tuple[str, str]]]] = [
    # name, mail domain, time zone, sites
    (
        "Northline Logistics",
        "northline.example",
        "Asia/Hong_Kong",
        [("HK Central", "Asia/Hong_Kong"), ("Kwai Chung DC", "Asia/Hong_Kong")],
    ),
    (
        "Northline Singapore",
        "sg.northline.example",
        "Asia/Singapore",
        [("Changi hub", "Asia/Singapore"), ("Tuas warehouse", "Asia/Singapore")],
    ),
    ("北线供应链（深圳）", "sz.northline.example", "Asia/Shanghai", [("盐田", "Asia/Shanghai")]),
    (
        "Northline Europe",
        "eu.northline.example",
        "Europe/London",
        [("Leeds office", "Europe/London"), ("Gdańsk", "Europe/Warsaw")],
    ),
    ("Harbour Claims", "harbourclaims.example", "Asia/Hong_Kong", [("Wan Chai", "Asia/Hong_Kong")]),
]

NAMED: list[tuple[str, str, str, int, int, str, bool, str]] = [
    # name, called, title, organisation, site, language, VIP, address
    ("何美玲 Ho Mei-Ling", "Mei-Ling", "Finance Manager", 0, 0, "zh_Hant_TW", True, "meiling.ho"),
    ("Alan Tsang", "Alan", "Warehouse Supervisor", 0, 1, "en", False, "alan.tsang"),
    ("Sofia Reyes", "Sofia", "Account Manager", 1, 0, "en", False, "sofia.reyes"),
    ("Grace Lim", "Grace", "Payroll Lead", 1, 0, "en", True, "grace.lim"),
    ("王芳 Wang Fang", "王芳", "采购专员", 2, 0, "zh_Hans_CN", False, "fang.wang"),
    ("Joe Mensah", "Joe", "Shift Leader", 1, 1, "en", False, "joe.mensah"),
    ("Nadia Haddad", "Nadia", "Project Manager", 3, 0, "en", False, "nadia.haddad"),
    ("Kenji Mori", "Kenji", "Claims Handler", 4, 0, "en", False, "kenji.mori"),
    ("Rachel Adler", "Rachel", "Office Manager", 0, 0, "en", False, "rachel.adler"),
    ("Ana Duarte", "Ana", "HR Partner", 3, 0, "en", False, "ana.duarte"),
    ("Piotr Zieliński", "Piotr", "Planner", 3, 1, "en", False, "piotr.zielinski"),
    ("Emma Larsen", "Emma", "Sales Executive", 3, 0, "en", False, "emma.larsen"),
    ("Omar Aziz", "Omar", "Auditor", 4, 0, "en", False, "omar.aziz"),
    ("Chloe Martin", "Chloe", "Designer", 3, 0, "en", False, "chloe.martin"),
    ("Ben Carter", "Ben", "Business Analyst", 0, 0, "en", False, "ben.carter"),
    ("Yuki Tanaka", "Yuki", "Trainee", 4, 0, "en", False, "yuki.tanaka"),
    ("陳志強 Chan Chi-Keung", "志強", "倉務主任", 0, 1, "zh_Hant_TW", False, "ck.chan"),
    ("李娜 Li Na", "李娜", "会计", 2, 0, "zh_Hans_CN", False, "na.li"),
    ("Helen Ward", "Helen", "Chief Financial Officer", 3, 0, "en", True, "helen.ward"),
    ("張家明 Cheung Ka-Ming", "家明", "銷售經理", 0, 0, "zh_Hant_TW", False, "km.cheung"),
]

FIRST_NAMES = (
    "Amelia Aaron Beatrice Bilal Carmen Caleb Daisy Diego Elena Ethan Farah Felix Gita Hugo Ingrid "
    "Ivan Jasmin Jonas Katya Kwame Leila Liam Maya Mateo Nora Nikhil Olga Oscar Pia Rafael Rosa "
    "Samir Sara Tariq Tessa Umar Vera Victor Wendy Xavier Yara Zoe"
).split()
LAST_NAMES = (
    "Adams Bauer Costa Dlamini Evans Fischer Garcia Hughes Ito Jansen Khan Larsson Moreau Novak "
    "Okoye Patel Quinn Rossi Silva Tan Underwood Vargas Weber Xu Yilmaz Zhang Lam Kowalski Nair "
    "Brennan Haas"
).split()
CHINESE = (
    "张伟 刘洋 陈静 杨帆 赵磊 黄丽 周杰 吴敏 徐强 孙悦 林嘉欣 黃偉文 梁詠詩 鄭子軒 羅曉彤 蔡俊傑"
).split()
TITLES = (
    "Coordinator",
    "Customs Clerk",
    "Driver Manager",
    "Buyer",
    "Accountant",
    "Team Leader",
    "Sales Support",
    "Data Analyst",
    "Warehouse Operative",
    "Legal Counsel",
)

TEAMS: list[tuple[str, str, bool]] = [
    # team and queue, description, restricted
    ("Service desk", "First line, everything that nobody else is named for", False),
    ("Network & VPN", "Lines, Wi-Fi, VPN and firewalls", False),
    ("Desktop", "Laptops, printers, phones on the desk", False),
    ("Accounts & access", "Joining, moving, leaving, passwords", False),
    ("ERP", "Finance, warehouse and payroll systems", False),
    ("Field: Hong Kong", "On site in Central and Kwai Chung", False),
    ("HR cases", "Confidential matters of staff", True),
]

MOST_AT_ONCE = 12
FEWER_AT_ONCE = {"mina": 5, "karen": 8}
"""Who is new, and who leads, is given less at once."""

TECHNICIANS: list[tuple[str, str, str, list[int], str]] = [
    # name, role, login, teams (first: home), language
    ("Priya Nair", "technician", "priya", [1, 0], "en"),
    ("陳嘉欣 Karen Chan", "lead", "karen", [0, 1, 5], "en"),
    ("Marcus Webb", "technician", "marcus", [1], "en"),
    ("Tom Okafor", "technician", "tom", [2], "en"),
    ("Lena Fischer", "technician", "lena", [3], "en"),
    ("林偉 Lam Wai", "technician", "wai", [5, 2], "zh_Hant_TW"),
    ("刘婷 Liu Ting", "technician", "ting", [4, 0], "zh_Hans_CN"),
    ("Ravi Menon", "technician", "ravi", [4], "en"),
    ("Aisha Bello", "technician", "aisha", [0], "en"),
    ("Daniel Koh", "technician", "daniel", [0, 2], "en"),
    ("Freya Jensen", "technician", "freya", [2], "en"),
    ("Hassan Ali", "technician", "hassan", [3, 6], "en"),
    ("Mina Park", "technician", "mina", [0], "en"),
    ("Owen Price", "technician", "owen", [1], "en"),
    ("吳志豪 Ng Chi-Ho", "technician", "chiho", [5], "zh_Hant_TW"),
    ("Clara Voss", "lead", "clara", [4, 2], "en"),
]
SHIFTS: dict[str, tuple[int, tuple[str, str], list[str]]] = {
    # calendar: days of the week from Monday on, from when to when, and who works by it
    "Early shift": (5, ("07:00", "16:00"), ["wai", "mina", "hassan"]),
    "Late shift": (6, ("13:00", "22:00"), ["aisha", "daniel", "chiho"]),
}
ON_CALL = ("marcus", "owen")
"""Who takes turns with the lines and is there around the clock; all others keep office hours."""

LANGUAGES_OF_SKILLS = {"普通话": "zh", "廣東話": "zh"}
ASKED_FOR = {
    # category: what has to be known for it
    "Network/Remote/VPN": "VPN",
    "Network/Wi-Fi": "Wi-Fi",
    "Network/Firewall": "Firewalls",
    "Hardware/Printer": "Label printers",
    "Access": "Active Directory",
    "Software/WMS": "Warehouse system",
}

SKILLS: dict[str, dict[str, int]] = {
    # skill: how well who knows it, 1 (can help) to 3 (expert)
    "Firewalls": {"marcus": 3, "owen": 2, "priya": 1},
    "VPN": {"priya": 3, "marcus": 2, "owen": 2, "karen": 1},
    "Wi-Fi": {"owen": 3, "wai": 2, "chiho": 2},
    "Label printers": {"tom": 3, "freya": 2, "daniel": 2, "wai": 1},
    "Active Directory": {"lena": 3, "hassan": 3, "mina": 1},
    "Payroll": {"clara": 3, "ravi": 2},
    "Warehouse system": {"ting": 3, "ravi": 3, "clara": 1},
    "普通话": {"ting": 3, "wai": 2, "chiho": 2, "karen": 2},
    "廣東話": {"wai": 3, "chiho": 3, "karen": 3},
}

MANAGER = ("Judith Stone", "manager", "judith")
ADMINISTRATOR = ("Sam Porter", "administrator", "sam")
